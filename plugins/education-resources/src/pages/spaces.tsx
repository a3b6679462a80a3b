/** Spaces: a teacher's own, and the part of a class's page that is its space. */
import { type AppContext, Card, type CityRequest, Empty, Form, Hidden, TextArea, t } from "@yunlong/sdk";
import * as random from "@yunlong/sdk/random";
import { type OpenSpace, Refusal, myClasses, mySpace, unshelveResource, writeNote } from "../service/index.ts";
import { Aside, LAYOUT, Time, Wrong, at, seeOther, statusOf, tried } from "./common.tsx";

/** `GET /space` */
export function mine(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  return page(request, new Form(), undefined);
}

function page(request: CityRequest, form: Form, refusal: Refusal | undefined) {
  const open = mySpace(request.principal);
  const classes = myClasses(request.principal);
  return LAYOUT.page(
    request,
    t("我的空间", "My space"),
    <>
      <Shelf request={request} open={open} path="/space" owns />
      <Card id="my-classes" heading={request.t("我任教的班级", "My classes")}>
        {classes.length === 0 ? <p>{request.t("学校还没有给您安排班级。", "The school has given you no class yet.")}</p> : (
          <ul>{classes.map((k) => <li><a href={at("classes", k.id)}>{k.name}</a></li>)}</ul>
        )}
      </Card>
      <Notes request={request} open={open} path="/space" owns form={form} refusal={refusal} />
    </>,
    statusOf(form, refusal),
  );
}

/** The shelf of a space; whoever owns it takes things off. */
export function Shelf({ request, open, path, owns }: { request: CityRequest; open: OpenSpace; path: string; owns: boolean }) {
  return (
    <Card id="shelf" heading={request.t("收藏的资源", "On the shelf")}>
      {open.shelf.length === 0 ? (
        <Empty>
          <p>{request.t("还没有收藏资源。", "The shelf is empty.")}</p>
          {owns ? <a href="/">{request.t("到资源库里挑选", "Choose from the library")}</a> : null}
        </Empty>
      ) : (
        <ul>
          {open.shelf.map((r) => (
            <li>
              <a href={at("resources", r.id)}>{r.title}</a>{" "}
              {owns ? (
                <Aside action={`${path}/unshelve`} values={{ resource: r.id }} says={request.t("取下", "Take it off:")} of={request.t(`《${r.title}》`, `“${r.title}”`)} />
              ) : null}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** The notes of a space, the newest first; whoever owns it writes them. */
export function Notes(props: { request: CityRequest; open: OpenSpace; path: string; owns: boolean; form: Form; refusal: Refusal | undefined }) {
  const { request, open, path, owns, form } = props;
  const { notes } = open.space;
  return (
    <Card id="notes" heading={request.t("通知", "Notes")}>
      {owns ? (
        <>
          <Wrong request={request} form={form} refusal={props.refusal} />
          <form method="post" action={`${path}/notes`} novalidate>
            <Hidden name="key" value={form.value("key") || random.code(10)} />
            <TextArea request={request} form={form} name="text" rows={3} label={t("写通知", "Write a note")} hint={t("最多 1000 个字符，请不要写学生的个人信息。", "At most 1000 characters, and nothing personal about a pupil.")} />
            <div class="actions"><button type="submit">{request.t("发布通知", "Put it up")}</button></div>
          </form>
        </>
      ) : null}
      {notes.length === 0 ? <p>{request.t("还没有通知。", "There are no notes.")}</p> : (
        <ul>{notes.map((n) => <li><p class="lines">{n.text}</p><p class="muted"><Time ms={n.at} /></p></li>)}</ul>
      )}
    </Card>
  );
}

/** `POST /space/notes` */
export async function note(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  const form = await request.form();
  const done = tried(form, () => writeNote(request.principal, undefined, form.value("text"), form.value("key") || random.code(10)));
  return done instanceof Refusal ? page(request, form, done) : seeOther(c, "/space");
}

/** `POST /space/unshelve` */
export async function unshelve(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  const form = await request.form();
  unshelveResource(request.principal, undefined, form.value("resource"));
  return seeOther(c, "/space");
}
