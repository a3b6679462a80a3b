/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
/** The frame of every page. */
import type { Child } from "hono/jsx";
import { type Installation, installation, requestId } from "../context.ts";
import { actingFor, signInUrl } from "../identity.ts";
import { type Lang, type Text, pick, tag } from "../text.ts";
import type { CityRequest } from "../web/request.ts";

/** A link in the navigation. */
export interface NavItem {
  /** The path. */
  readonly path: string;
  /** What the link says. */
  readonly title: Text;
}

/** What the pages of an app have in common. */
export interface LayoutOptions {
  /** The navigation, which may depend on who asks. */
  readonly nav?: (request: CityRequest) => readonly NavItem[];
  /** The path of the app's help page, linked at the same place of every page. */
  readonly help?: string;
}

/**
 * What the pages of an app have in common.
 *
 * ```tsx
 * const LAYOUT = new Layout(t("留言簿", "Guestbook"), { nav: () => [{ path: "/", title: t("留言", "Entries") }], help: "/help" });
 * app.get("/", (c) => LAYOUT.page(c.var.request, t("留言", "Entries"), <p>{c.var.request.t("你好", "Hello")}</p>));
 * ```
 */
export class Layout {
  constructor(
    readonly title: Text,
    readonly options: LayoutOptions = {},
  ) {}

  /** A whole page. `title` becomes the heading (`h1`) and, with the app's title, that of the window. */
  page(request: CityRequest, title: Text, body: Child, status = 200): Promise<Response> {
    const lang = request.lang;
    const here = installation();
    const [heading, app] = [pick(lang, title), pick(lang, this.title)];
    return document(
      request,
      `${heading} · ${app}`,
      status,
      <>
        <Header request={request} here={here} app={app} nav={this.options.nav?.(request) ?? []} />
        <main id="main" class="container" tabindex={-1}>
          <h1>{heading}</h1>
          {body}
        </main>
        <Footer lang={lang} portal={here.portal} help={this.options.help} />
      </>,
    );
  }
}

/** The page of a problem, with the request's id. */
export function problemPage(
  request: CityRequest,
  status: number,
  title: string,
  detail: string | undefined,
  more: readonly string[],
): Promise<Response> {
  const here = installation();
  return document(
    request,
    title,
    status,
    <>
      <Header request={request} here={here} app={undefined} nav={[]} />
      <main id="main" class="container" tabindex={-1}>
        <h1>{title}</h1>
        {detail === undefined ? null : <p>{detail}</p>}
        {more.length === 0 ? null : <ul>{more.map((line) => <li>{line}</li>)}</ul>}
        <div class="actions">
          <a role="button" href="/">{request.t("回到首页", "Back to the start")}</a>
        </div>
        <p class="muted">{request.t("请求编号：", "Request id: ")}<code>{requestId()}</code></p>
      </main>
      <Footer lang={request.lang} portal={here.portal} help={undefined} />
    </>,
  );
}

async function document(request: CityRequest, title: string, status: number, body: Child): Promise<Response> {
  const { lang, elder } = request.presentation;
  const markup = (
    <html lang={tag(lang)} data-elder={elder ? "" : undefined}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="stylesheet" href="/_city/theme.css" />
        <link rel="icon" type="image/svg+xml" href="/_city/icon.svg" />
      </head>
      <body>
        <a class="skip-link" href="#main">{request.t("跳到正文", "Skip to the content")}</a>
        {body}
      </body>
    </html>
  );
  const headers = { "content-type": "text/html; charset=utf-8", "content-language": tag(lang) };
  return new Response(`<!DOCTYPE html>${await markup.toString()}`, { status, headers });
}

function Header(of: { request: CityRequest; here: Installation; app: string | undefined; nav: readonly NavItem[] }) {
  const { request, here, nav } = of;
  return (
    <header class="city-header">
      <div class="city-header-inner">
        <a class="brand" href="/">
          <img src="/_city/icon.svg" alt="" width="32" height="32" />
          <span>
            {of.app ?? request.t("云龙", "Yunlong")} <small lang="zh-CN">· {here.organizationName}</small>
          </span>
        </a>
        {nav.length === 0 ? null : (
          <nav aria-label={request.t("主导航", "Main")}>
            <ul>
              {nav.map((item) => (
                <li>
                  <a href={item.path} aria-current={request.path === item.path ? "page" : undefined}>
                    {request.text(item.title)}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        )}
        <div class="city-tools">
          <Switches request={request} />
          <Session request={request} />
        </div>
      </div>
      <Acting request={request} portal={here.portal} />
    </header>
  );
}

/** For whom the visitor acts: on every page, where it cannot be overlooked. */
function Acting({ request, portal }: { request: CityRequest; portal: string }) {
  const acting = actingFor();
  if (acting === undefined) return null;
  return (
    <p class="acting" role="status">
      {acting.grantor.kind === "person" ? (
        request.t("正在为他人代办。", "You act for somebody else. ")
      ) : (
        <>
          {request.t("正在代办：", "You act for: ")}
          <strong>{acting.grantor.name}</strong>{" "}
        </>
      )}
      <a href={`${portal}/mandates`}>{request.t("更改", "Change")}</a>
    </p>
  );
}

/** The language and elder switches. They post to the host, which keeps the person's choice. */
function Switches({ request }: { request: CityRequest }) {
  return (
    <form method="post" action="/_city/preferences">
      <input type="hidden" name="return" value={request.back} />
      {/* Each button is named in the language that it leads to. */}
      {request.lang === "zh" ? (
        <button name="lang" value="en" lang="en">English</button>
      ) : (
        <button name="lang" value="zh" lang="zh-CN">中文</button>
      )}
      {request.presentation.elder ? (
        <button name="elder" value="false">{request.t("标准版", "Standard")}</button>
      ) : (
        <button name="elder" value="true">{request.t("长辈版", "Elder mode")}</button>
      )}
    </form>
  );
}

function Session({ request }: { request: CityRequest }) {
  if (request.isAnonymous) return <a href={signInUrl(request.back)}>{request.t("登录", "Sign in")}</a>;
  return (
    <form method="post" action="/_city/sign-out">
      <button>{request.t("退出", "Sign out")}</button>
    </form>
  );
}

function Footer({ lang, portal, help }: { lang: Lang; portal: string; help: string | undefined }) {
  const say = (zh: string, en: string) => (lang === "zh" ? zh : en);
  return (
    <footer class="city-footer">
      <div>
        <a href={`${portal}/`}>{say("全部城市服务", "All city services")}</a>
        {/* The app's own help stands where the portal's would: at one place on every page. */}
        <a href={help ?? `${portal}/help`}>{say("帮助", "Help")}</a>
        <a href={`${portal}/help#accessibility`}>{say("无障碍说明", "Accessibility")}</a>
        <a href={`${portal}/consents`}>{say("个人信息授权", "Your data and consents")}</a>
      </div>
    </footer>
  );
}
