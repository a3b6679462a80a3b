// An app that asks the city for nothing but who is there.
import { App } from "@yunlong/sdk";
import * as identity from "@yunlong/sdk/identity";

const app = new App();
app.get("/", (c) => c.text(identity.actingFor()?.mandate ?? c.var.request.t("你好", "Hello")));

export default app;
