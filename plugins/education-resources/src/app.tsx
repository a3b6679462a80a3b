/** The routes: which address is answered by what. */
import { App, t } from "@yunlong/sdk";
import * as api from "./api/index.ts";
import * as pages from "./pages/index.ts";

export { consumer, jobs, lifecycle } from "./service/parts.ts";

const app = new App({
  title: t("教育资源（三通两平台）", "Education resources"),
  description: "Verified links of schools, reviewed and shared resources, spaces and assignments, and the figures of access and equity.",
});

pages.routes(app);
api.operations(app);

export default app;
