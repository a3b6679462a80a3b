/** The routes: which address is answered by what. */
import { App, t } from "@yunlong/sdk";
import * as api from "./api.ts";
import * as pages from "./pages.tsx";

const app = new App({ title: t("报修", "Repairs"), description: "What residents report as broken in public space." });

app.get("/", pages.list);
app.get("/new", pages.create);
app.post("/new", pages.submit);
app.get("/reports/:id", pages.detail);
app.post("/reports/:id/close", pages.close);
app.get("/help", pages.help);

app.operation(api.listReports, api.list);
app.operation(api.getReport, api.get);
app.operation(api.fileReport, api.file);

export default app;
