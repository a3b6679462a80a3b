/** Learning and family: a guardian's consent, its withdrawal, seats and accounts of students. */
import { type AppContext, AttributeError, Card, Checkbox, type CityRequest, Confirm, Empty, Field, Form, Notice, t } from "@yunlong/sdk";
import * as identity from "@yunlong/sdk/identity";
import { CONSENT_STATEMENT, type Student } from "../domain/people.ts";
import { Refusal, accountCode, bindAccount, consentForChild, eraseStudent, meAsStudent, myChildren, ownBirth, schoolById, takeOwnSeat, withdrawConsent } from "../service/index.ts";
import { Facts, LAYOUT, Wrong, at, param, seeOther, statusOf, tried } from "./common.tsx";

const CODE_HINT = t("学校或教师发的 12 位邀请码，大小写和横线不限。", "The code of 12 characters from the school or teacher; capitals and dashes do not matter.");

/** `GET /family` */
export function show(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const me = meAsStudent(request.principal);
  const children = myChildren(request.principal);
  return LAYOUT.page(
    request,
    t("学习与家庭", "Learning and family"),
    <>
      {request.queryValue("done") === "erased" ? (
        <Notice tone="ok">{request.t("已删除个人信息。不含身份的统计数字不变。", "The identity was erased. Figures, which are about nobody, stay as they are.")}</Notice>
      ) : null}
      {request.queryValue("done") === "joined" ? <Notice tone="ok">{request.t("已加入班级。", "The seat is taken.")}</Notice> : null}
      {me === undefined ? null : <Me request={request} me={me} />}
      {children.map((child) => <Child request={request} child={child} />)}
      {me === undefined && children.length === 0 ? <Empty><p>{request.t("您还没有加入班级，也没有为孩子登记。", "You sit in no class, and have consented for no child.")}</p></Empty> : null}
      <Card id="join" heading={request.t("加入班级", "Join a class")}>
        <ul>
          <li><a href="/family/consent">{request.t("我是监护人：为不满 14 周岁的孩子同意并登记", "I am a guardian: consent for a child under 14")}</a></li>
          {me === undefined ? <li><a href="/family/seat">{request.t("我已满 14 周岁：登记自己的座号", "I am 14 or older: take my own seat")}</a></li> : null}
          {me === undefined ? <li><a href="/family/account">{request.t("我是学生：用监护人给的码关联账号", "I am a student: bind my account with my guardian’s code")}</a></li> : null}
        </ul>
      </Card>
    </>,
  );
}

function Me({ request, me }: { request: CityRequest; me: Student }) {
  return (
    <Card id="me" heading={request.t("我的学籍", "Me as a student")}>
      <About request={request} of={me} />
      <div class="actions">
        <a href={at("classes", me.class)}>{request.t("班级空间和作业", "My class and its assignments")}</a>
        <a href={at("students", me.id, "erase")}>{request.t("删除我的个人信息", "Erase my data")}</a>
      </div>
    </Card>
  );
}

function Child({ request, child }: { request: CityRequest; child: Student }) {
  return (
    <Card id={`child-${child.id}`} heading={child.name}>
      <About request={request} of={child} />
      <div class="actions">
        <a href={at("classes", child.class)}>{request.t(`${child.name}的班级空间和作业`, `Class and assignments of ${child.name}`)}</a>
        {child.subject === undefined ? (
          <Confirm action={at("children", child.id, "account")}>{request.t(`为${child.name}生成账号关联码`, `A code for the account of ${child.name}`)}</Confirm>
        ) : null}
        <a href={at("children", child.id, "withdraw")}>{request.t(`撤回对${child.name}的同意`, `Withdraw the consent for ${child.name}`)}</a>
      </div>
    </Card>
  );
}

function About({ request, of }: { request: CityRequest; of: Student }) {
  return (
    <Facts
      facts={[
        [request.t("姓名", "Name"), of.name],
        [request.t("学校", "School"), <a href={at("schools", of.school)}>{schoolById(of.school).name}</a>],
        [request.t("座号", "Seat"), String(of.seat)],
        [request.t("学籍编号", "Number"), <code>{of.id}</code>],
      ]}
    />
  );
}

/** `GET /family/consent` */
export function consent(c: AppContext) {
  void c.var.request.subject;
  return consentPage(c.var.request, c.var.request.queryForm(), undefined);
}

/** The statement of `CONSENT_STATEMENT`. Another text is another statement, and is asked for anew. */
function Statement({ request }: { request: CityRequest }) {
  return (
    <Card id="statement" heading={request.t(`监护人同意书（${CONSENT_STATEMENT}）`, `A guardian’s consent (${CONSENT_STATEMENT})`)}>
      <ul>
        <li>{request.t("保存什么：孩子的姓名、出生日期、学校、班级和座号，以及孩子交的作业。", "What is kept: the child’s name, date of birth, school, class and seat, and what the child hands in.")}</li>
        <li>{request.t("谁能看到：任课教师和本校管理员；作业还有您和孩子本人。", "Who sees it: the class’s teacher and the school’s administrator; what is handed in, you and the child as well.")}</li>
        <li>{request.t("使用统计：只记匿名编号，每月更换，不能由编号找到孩子；不足 5 人的数字不公布。", "Figures of use have a pseudonym, another one each month, that leads to nobody; cells under 5 are not shown.")}</li>
        <li>{request.t("同意书可随时撤回：撤回后立即删除孩子的身份信息和作业，已汇总的数字不变。", "You may withdraw it at any time: the child’s identity and answers are deleted, and sums stay as they are.")}</li>
        <li>{request.t("不同意不影响孩子在校学习，公开的资源不登录也能使用。", "Without it nothing changes at school, and public resources are open to everybody.")}</li>
      </ul>
    </Card>
  );
}

function consentPage(request: CityRequest, form: Form, refusal: Refusal | undefined) {
  return LAYOUT.page(
    request,
    t("为孩子登记", "Consent for a child"),
    <>
      <Wrong request={request} form={form} refusal={refusal} />
      <Statement request={request} />
      <form method="post" action="/family/consent" novalidate>
        <SeatFields request={request} form={form} name={t("孩子姓名", "The child’s name")} />
        <Field request={request} form={form} name="birth" kind="date" label={t("孩子出生日期", "The child’s date of birth")} />
        <Checkbox request={request} form={form} name="agrees" label={t("我是孩子的监护人，已阅读并同意以上内容", "I am the child’s guardian, have read this and agree")} />
        <div class="actions"><button type="submit">{request.t("同意并登记", "Agree and register")}</button></div>
      </form>
    </>,
    statusOf(form, refusal),
  );
}

function SeatFields({ request, form, name }: { request: CityRequest; form: Form; name: ReturnType<typeof t> }) {
  return (
    <>
      <Field request={request} form={form} name="code" label={t("座号邀请码", "Seat code")} hint={CODE_HINT} />
      <Field request={request} form={form} name="name" label={name} />
    </>
  );
}

const seated = (form: Form) => ({ code: form.value("code"), name: form.value("name") });

/** What is wrong with a code stands at its field. */
function atCode<T>(form: Form, done: T | Refusal): T | Refusal {
  if (done instanceof Refusal && done.why.kind === "code") form.reject("code", done.detail);
  return done;
}

/** `POST /family/consent` */
export async function submitConsent(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const form = await request.form();
  const done = atCode(form, tried(form, () => consentForChild(request.principal, { ...seated(form), birth: form.value("birth").trim(), agrees: form.checked("agrees") })));
  return done instanceof Refusal ? consentPage(request, form, done) : seeOther(c, "/family?done=joined");
}

/** `GET /family/seat` */
export function seat(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const form = new Form();
  try {
    const birth = tried(form, () => ownBirth(request.principal));
    return birth instanceof Refusal ? seatPage(request, form, birth, undefined) : seatPage(request, form, undefined, birth);
  } catch (e) {
    // Sent on at once, whoever declines would come back here and be sent on again.
    if (!(e instanceof AttributeError && e.code === "consent-required")) throw e;
    return birthPage(request, identity.consentUrl([e.detail], "/family/seat"));
  }
}

function birthPage(request: CityRequest, url: string) {
  return LAYOUT.page(
    request,
    t("登记自己的座号", "Take my own seat"),
    <>
      <p>{request.t("已满 14 周岁的学生可以自己登记。请先同意本应用读取您的出生日期：只用于核对年龄，并作为学籍信息保存。", "Who is 14 takes the seat alone. Please let this app read your date of birth first: it tells your age, and is kept with you as a student.")}</p>
      <p>{request.t("不同意，或不满 14 周岁的，由监护人在“学习与家庭”中登记。", "Without it, or under 14, a guardian registers you under “Learning and family”.")}</p>
      <div class="actions"><a role="button" href={url}>{request.t("去同意", "Decide on it")}</a></div>
    </>,
  );
}

/** Without a date of birth, or under 14, there is nothing to fill in. */
function seatPage(request: CityRequest, form: Form, refusal: Refusal | undefined, birth: string | undefined) {
  return LAYOUT.page(
    request,
    t("登记自己的座号", "Take my own seat"),
    <>
      <Wrong request={request} form={form} refusal={refusal} />
      {birth === undefined ? <p>{request.t("请监护人登录后，用同一个邀请码在“学习与家庭”中登记。", "A guardian signs in and uses the same code under “Learning and family”.")}</p> : (
        <form method="post" action="/family/seat" novalidate>
          <Facts facts={[[request.t("我的出生日期（身份档案）", "My date of birth, on record"), birth]]} />
          <SeatFields request={request} form={form} name={t("我的姓名", "My name")} />
          <div class="actions"><button type="submit">{request.t("登记", "Take it")}</button></div>
        </form>
      )}
    </>,
    statusOf(form, refusal),
  );
}

/** `POST /family/seat` */
export async function submitSeat(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const form = await request.form();
  const done = atCode(form, tried(form, () => takeOwnSeat(request.principal, seated(form))));
  if (!(done instanceof Refusal)) return seeOther(c, "/family?done=joined");
  return seatPage(request, form, done, done.why.kind === "guardian-needed" ? undefined : ownBirth(request.principal));
}

/** `GET /family/account` */
export function account(c: AppContext) {
  void c.var.request.subject;
  return accountPage(c.var.request, new Form(), undefined);
}

function accountPage(request: CityRequest, form: Form, refusal: Refusal | undefined) {
  return LAYOUT.page(
    request,
    t("关联学生账号", "Bind a student’s account"),
    <>
      <Wrong request={request} form={form} refusal={refusal} />
      <form method="post" action="/family/account" novalidate>
        <Field request={request} form={form} name="code" label={t("监护人给的关联码", "The guardian’s code")} hint={t("监护人在“学习与家庭”中生成。", "A guardian makes it under “Learning and family”.")} />
        <div class="actions"><button type="submit">{request.t("关联", "Bind")}</button></div>
      </form>
    </>,
    statusOf(form, refusal),
  );
}

/** `POST /family/account` */
export async function submitAccount(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const form = await request.form();
  const done = atCode(form, tried(form, () => bindAccount(request.principal, form.value("code"))));
  return done instanceof Refusal ? accountPage(request, form, done) : seeOther(c, "/family?done=joined");
}

/** `POST /children/:id/account`: the code, shown once. */
export async function codeForAccount(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const code = accountCode(request.principal, param(c, "id"));
  const response = await LAYOUT.page(
    request,
    t("账号关联码", "Code for the child’s account"),
    <>
      <p>{request.t("孩子用自己的账号登录后，在“学习与家庭”中填写。只显示这一次，用后失效。", "The child signs in and types it under “Learning and family”. It is shown this once, and used once.")}</p>
      <p><code>{code.replace(/(.{4})(?=.)/g, "$1-")}</code></p>
      <p><a href="/family">{request.t("返回", "Back")}</a></p>
    </>,
  );
  response.headers.set("cache-control", "no-store");
  return response;
}

/** `GET /children/:id/withdraw` */
export function askWithdraw(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const child = myChildren(request.principal).find((s) => s.id === param(c, "id"));
  if (child === undefined) return seeOther(c, "/family");
  return erasePage(request, t(`撤回对${child.name}的同意`, `Withdraw the consent for ${child.name}`), at("children", child.id, "withdraw"));
}

/** `GET /students/:id/erase`: for the student, and for the bureau on somebody's written wish. */
export function askErase(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const id = param(c, "id");
  if (meAsStudent(request.principal)?.id !== id) request.requireRole("bureau");
  return erasePage(request, t("删除学生的个人信息", "Erase a student’s data"), at("students", id, "erase"));
}

function erasePage(request: CityRequest, title: ReturnType<typeof t>, action: string) {
  return LAYOUT.page(
    request,
    title,
    <>
      <Notice tone="warn">
        {request.t(
          "姓名、出生日期、座号和交过的作业将立即删除，不能恢复。已汇总的使用次数不含身份，保持不变。以后可以凭新的邀请码重新登记。",
          "Name, date of birth, seat and what was handed in are deleted at once and for good. Counted uses are about nobody and stay. One can join again with a new code.",
        )}
      </Notice>
      <div class="actions">
        <Confirm action={action}>{request.t("确认删除", "Delete it")}</Confirm>
        <a href="/family">{request.t("不删除，返回", "Keep it, and go back")}</a>
      </div>
    </>,
  );
}

/** `POST /children/:id/withdraw` */
export function withdraw(c: AppContext) {
  withdrawConsent(c.var.request.principal, param(c, "id"));
  return seeOther(c, "/family?done=erased");
}

/** `POST /students/:id/erase` */
export function erase(c: AppContext) {
  eraseStudent(c.var.request.principal, param(c, "id"));
  return seeOther(c, "/family?done=erased");
}
