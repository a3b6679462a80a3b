/** The routes: which address is answered by what. */
import { App, t } from "@yunlong/sdk";

export { consumer, jobs, lifecycle } from "./service/parts.ts";

const app = new App({
  title: t("教育资源（三通两平台）", "Education resources"),
  description: "Verified links of schools, reviewed and shared resources, spaces and assignments, and the figures of access and equity.",
});

export default app;
