// An app that asks the city for nothing but who is there.
import { App } from "@yunlong/sdk";

const app = new App();
app.get("/", (c) => c.text(c.var.request.t("你好", "Hello")));

export default app;
