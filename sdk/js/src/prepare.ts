/**
 * What must stand before the app's first schema is made. `yunlong-build` imports it first.
 *
 * An instance serves one request: code that zod would compile for a schema is thrown away with it, so
 * that checking without is faster here.
 */
import { z } from "zod";

z.config({ jitless: true });
