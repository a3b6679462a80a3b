/** Classes: what a school sets up, a class's space, its students and the codes for its seats. */
import { type AppContext, Card, type CityRequest, type Column, Empty, Field, Form, Hidden, Notice, Pager, PrintView, Table, t } from "@yunlong/sdk";
import * as random from "@yunlong/sdk/random";
import type { Assignment } from "../domain/assignment.ts";
import type { Class, Post } from "../domain/people.ts";
import { type OpenSpace, Refusal, addClass, allClassesOf, assignmentsOf, classSpace, giveClass, moveStudent, myClasses, myPosts, postsAt, schoolById, schoolName, seatCodes, studentsOf, unshelveResource, writeNote } from "../service/index.ts";
import { ClassList, classListing, classTable, givenText, narrowedClasses, schoolYear, yearOf } from "./class-list.tsx";
import { LAYOUT, State, Time, Wrong, at, param, seeOther, statusOf, tried } from "./common.tsx";
import { saved } from "./files.tsx";
import { Notes, Shelf } from "./spaces.tsx";

const SCHOOL_ADMIN = "admin";

/** `GET /classes`: those that one teaches, and those of the schools that one runs. */
export function list(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher", "school");
  const runs = myPosts(request.principal).filter((p) => p.kind === SCHOOL_ADMIN);
  const teaches = request.hasRole("teacher") ? myClasses(request.principal) : [];
  return LAYOUT.page(
    request,
    t("班级", "Classes"),
    <>
      {teaches.length === 0 && runs.length === 0 ? (
        <Empty>
          <p>{request.t("您现在没有班级。教师由学校管理员安排班级，学校管理员先凭邀请码到岗。", "You have no class. A school’s administrator gives classes to teachers, and takes up the post by a code first.")}</p>
          <a href="/posts">{request.t("岗位", "Posts")}</a>
        </Empty>
      ) : null}
      {teaches.length === 0 ? null : (
        <Card id="teaches" heading={request.t("我任教的班级", "Classes that I teach")}>
          <ClassList
            request={request}
            list={classListing(request)}
            all={teaches}
            columns={[
              { heading: request.t("班级", "Class"), sortedBy: "name", cell: (k) => <a href={at("classes", k.id)}>{k.name}</a> },
              ...gradeAndYear(request),
              { heading: request.t("学校", "School"), cell: (k) => <a href={at("schools", k.school)}>{schoolName(k.school)}</a> },
            ]}
            caption={request.t("班级", "Classes")}
            path="/classes/file"
            teachers={false}
          />
        </Card>
      )}
      {runs.map((p) => <SchoolsClasses request={request} school={p.at} />)}
    </>,
  );
}

/** `GET /classes/file`: those that one teaches, as the page has them narrowed and sorted. */
export function taughtFile(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  return fileOf(request, narrowedClasses(classListing(request), myClasses(request.principal)));
}

/** `GET /schools/:id/classes/file`: a school's, as the page has them narrowed and sorted. */
export function schoolFile(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const list = classListing(request);
  return fileOf(request, narrowedClasses(list, allClassesOf(request.principal, param(c, "id"), yearOf(list))));
}

function fileOf(request: CityRequest, rows: readonly Class[]) {
  const names = new Map([...new Set(rows.map((k) => k.school))].map((school) => [school, schoolName(school)]));
  return saved(request, request.t("班级", "classes"), classTable(request, rows, (school) => names.get(school) ?? school));
}

function gradeAndYear(request: CityRequest): Column<Class>[] {
  return [
    { heading: request.t("年级", "Grade"), sortedBy: "grade", cell: (k) => String(k.grade), numeric: true },
    { heading: request.t("学年", "School year"), sortedBy: "year", cell: schoolYear },
  ];
}

function SchoolsClasses({ request, school }: { request: CityRequest; school: string }) {
  return (
    <Card id={`school-${school}`} heading={schoolById(school).name}>
      <p><a href={at("schools", school, "classes")}>{request.t("管理这所学校的班级", "Classes of this school")}</a></p>
    </Card>
  );
}

/** `GET /schools/:id/classes` */
export function atSchool(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  return schoolPage(request, param(c, "id"), new Form(), undefined);
}

function schoolPage(request: CityRequest, school: string, form: Form, refusal: Refusal | undefined) {
  const { name } = schoolById(school);
  const list = classListing(request);
  const classes = allClassesOf(request.principal, school, yearOf(list));
  const manages = mayManage(request, school);
  const teachers = manages ? postsAt(request.principal, school).items.map((i) => i.value).filter((p) => p.kind === "teacher" && p.to === null) : [];
  return LAYOUT.page(
    request,
    t(`${name}的班级`, `Classes of ${name}`),
    <>
      <Wrong request={request} form={form} refusal={refusal} />
      <ClassList
        request={request}
        list={list}
        all={classes}
        columns={classColumns(request, manages, teachers)}
        caption={request.t("班级", "Classes")}
        path={at("schools", school, "classes", "file")}
        teachers
      />
      {manages ? (
        <Card id="add" heading={request.t("增加班级", "Add a class")}>
          <form method="post" action={at("schools", school, "classes")} novalidate>
            <Hidden name="key" value={form.value("key") || random.code(10)} />
            <Field request={request} form={form} name="name" label={t("名称", "Name")} hint={t("如“三年级（1）班”", "Such as “Grade 3, class 1”")} />
            <Field request={request} form={form} name="grade" kind="number" label={t("年级（1 至 12）", "Grade (1 to 12)")} />
            <Field request={request} form={form} name="year" kind="number" label={t("学年开始的年份", "Year in which the school year began")} />
            <div class="actions"><button type="submit">{request.t("增加", "Add")}</button></div>
          </form>
        </Card>
      ) : null}
    </>,
    statusOf(form, refusal),
  );
}

function mayManage(request: CityRequest, school: string): boolean {
  return request.hasRole("bureau") || myPosts(request.principal).some((p) => p.kind === SCHOOL_ADMIN && p.at === school);
}

function classColumns(request: CityRequest, manages: boolean, teachers: readonly Post[]): Column<Class>[] {
  const columns: Column<Class>[] = [
    { heading: request.t("班级", "Class"), sortedBy: "name", cell: (k) => (manages ? <a href={at("classes", k.id, "students")}>{k.name}</a> : k.name) },
    ...gradeAndYear(request),
    { heading: request.t("教师", "Teacher"), cell: (k) => givenText(request, k) },
  ];
  if (manages && teachers.length > 0) columns.push({ heading: request.t("安排教师", "Give it to a teacher"), cell: (k) => <Give request={request} of={k} teachers={teachers} /> });
  return columns;
}

/** Teachers are known by their posts: whoever took one up told the school its number. */
function Give({ request, of, teachers }: { request: CityRequest; of: Class; teachers: readonly Post[] }) {
  return (
    <form class="inline" method="post" action={at("classes", of.id, "teacher")}>
      <select name="post" aria-label={request.t(`${of.name}的教师岗位`, `Teacher’s post for ${of.name}`)}>
        {teachers.map((p) => <option value={p.id} selected={of.teacher === p.subject}>{p.id}</option>)}
      </select>
      <button type="submit">{request.t("安排", "Give")}</button>
    </form>
  );
}

/** `POST /schools/:id/classes` */
export async function add(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const school = param(c, "id");
  const form = await request.form();
  const input = { name: form.value("name"), grade: Number(form.value("grade") || "0"), year: Number(form.value("year") || "0") };
  const done = tried(form, () => addClass(request.principal, school, input, form.value("key") || undefined));
  return done instanceof Refusal ? schoolPage(request, school, form, done) : seeOther(c, at("schools", school, "classes"));
}

/** `POST /classes/:id/teacher` */
export async function give(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const form = await request.form();
  const given = giveClass(request.principal, param(c, "id"), form.value("post"));
  return seeOther(c, at("schools", given.school, "classes"));
}

/** `GET /classes/:id`: the class's space, for its teacher, its students and their guardians. */
export function show(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  return classPage(request, param(c, "id"), new Form(), undefined);
}

function classPage(request: CityRequest, id: string, form: Form, refusal: Refusal | undefined) {
  const open: OpenSpace = classSpace(request.principal, id);
  const owns = request.hasRole("teacher") && myClasses(request.principal).some((k) => k.id === id);
  const assignments = assignmentsOf(request.principal, id, request.queryValue("after"));
  const path = at("classes", id);
  return LAYOUT.page(
    request,
    { zh: open.space.title, en: open.space.title },
    <>
      {owns ? (
        <div class="actions">
          <a role="button" href={`${path}/assignments/new`}>{request.t("布置作业", "Set an assignment")}</a>
          <a href={`${path}/students`}>{request.t("学生和座号码", "Students and seat codes")}</a>
        </div>
      ) : null}
      <Assignments request={request} assignments={assignments.items.map((i) => i.value)} />
      <Pager request={request} path={path} next={assignments.next} />
      <Shelf request={request} open={open} path={path} owns={owns} />
      <Notes request={request} open={open} path={path} owns={owns} form={form} refusal={refusal} />
    </>,
    statusOf(form, refusal),
  );
}

function Assignments({ request, assignments }: { request: CityRequest; assignments: readonly Assignment[] }) {
  const columns: Column<Assignment>[] = [
    { heading: request.t("作业", "Assignment"), cell: (a) => <a href={at("assignments", a.id)}>{a.title}</a> },
    { heading: request.t("状态", "State"), cell: (a) => <State request={request} state={a.state} /> },
    { heading: request.t("截止", "Due"), cell: (a) => <Time ms={a.due} /> },
  ];
  return (
    <Card id="assignments" heading={request.t("作业", "Assignments")}>
      {assignments.length === 0 ? <p>{request.t("还没有作业。", "There are no assignments.")}</p> : <Table caption={request.t("作业和截止时间", "Assignments and when they are due")} columns={columns} rows={assignments} />}
    </Card>
  );
}

/** `POST /classes/:id/notes` */
export async function note(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const id = param(c, "id");
  const form = await request.form();
  const done = tried(form, () => writeNote(request.principal, id, form.value("text"), form.value("key") || random.code(10)));
  return done instanceof Refusal ? classPage(request, id, form, done) : seeOther(c, at("classes", id));
}

/** `POST /classes/:id/unshelve` */
export async function unshelve(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const id = param(c, "id");
  const form = await request.form();
  unshelveResource(request.principal, id, form.value("resource"));
  return seeOther(c, at("classes", id));
}

/** `GET /classes/:id/students`: for its teacher and the school's administrator. */
export function students(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  return studentsPage(request, param(c, "id"), new Form(), undefined);
}

function studentsPage(request: CityRequest, id: string, form: Form, refusal: Refusal | undefined) {
  const rows = studentsOf(request.principal, id);
  const columns: Column<(typeof rows)[number]>[] = [
    { heading: request.t("座号", "Seat"), cell: (s) => String(s.seat), numeric: true },
    { heading: request.t("姓名", "Name"), cell: (s) => s.name },
    { heading: request.t("学籍编号", "Number"), cell: (s) => <code>{s.id}</code> },
  ];
  return LAYOUT.page(
    request,
    t("学生", "Students"),
    <>
      <p>{request.t("只列出本人已满 14 周岁，或监护人已同意的学生。", "Those who are 14 or older, or whose guardian consented, and nobody else.")}</p>
      {request.queryValue("moved") === undefined ? null : <Notice tone="ok">{request.t("已转入。", "The student sits there now.")}</Notice>}
      <Wrong request={request} form={form} refusal={refusal} />
      {rows.length === 0 ? <Empty><p>{request.t("还没有学生。请先发放座号码。", "There are no students yet. Hand out seat codes first.")}</p></Empty> : <Table caption={request.t("学生", "Students")} columns={columns} rows={rows} />}
      <Card id="codes" heading={request.t("座号码", "Seat codes")}>
        <p>{request.t("每个座号一个邀请码，打印后交给学生或家长。码只显示一次，用后失效。", "A code for each seat, to be printed and handed over. It is shown once and used once.")}</p>
        <form method="post" action={at("classes", id, "codes")} novalidate>
          <Field request={request} form={form} name="from" kind="number" label={t("从几号", "From seat")} />
          <Field request={request} form={form} name="to" kind="number" label={t("到几号", "To seat")} />
          <div class="actions"><button type="submit">{request.t("生成座号码", "Make codes")}</button></div>
        </form>
      </Card>
      <MoveForm request={request} id={id} form={form} />
    </>,
    statusOf(form, refusal),
  );
}

/** A student who comes from another class or, after a merger, another school: by the number that the old class has of them. */
function MoveForm({ request, id, form }: { request: CityRequest; id: string; form: Form }) {
  if (!request.hasRole("school") && !request.hasRole("bureau")) return null;
  return (
    <Card id="move" heading={request.t("转入学生（学校管理员）", "A student moves here (the school’s administrator)")}>
      <form method="post" action={at("classes", id, "move")} novalidate>
        <Field request={request} form={form} name="student" label={t("学籍编号", "The student’s number")} />
        <Field request={request} form={form} name="seat" kind="number" label={t("新座号", "New seat")} />
        <div class="actions"><button type="submit">{request.t("转入", "Move")}</button></div>
      </form>
    </Card>
  );
}

/** `POST /classes/:id/codes`: the codes, to be printed; they are not kept, so the answer is the only one. */
export async function codes(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const id = param(c, "id");
  const form = await request.form();
  const made = tried(form, () => seatCodes(request.principal, id, Number(form.value("from") || "0"), Number(form.value("to") || "0")));
  if (made instanceof Refusal) return studentsPage(request, id, form, made);
  const response = await LAYOUT.page(
    request,
    t("座号码", "Seat codes"),
    <>
      <Notice tone="warn">{request.t("请现在打印：离开本页后不能再次显示。", "Print them now: they are not shown again.")}</Notice>
      <PrintView request={request} paper="a4" title={request.t("座号码", "Seat codes")}>
        {made.length === 0 ? <p>{request.t("这些座号都有学生了。", "All of these seats are taken.")}</p> : (
          <Table
            caption={request.t("座号码", "Seat codes")}
            columns={[
              { heading: request.t("座号", "Seat"), cell: (m: (typeof made)[number]) => String(m.seat) },
              { heading: request.t("邀请码", "Code"), cell: (m) => <code>{m.code.replace(/(.{4})(?=.)/g, "$1-")}</code> },
              { heading: request.t("用法", "What to do"), cell: () => request.t("家长或 14 周岁以上的学生登录后在“学习与家庭”中填写", "A guardian, or a student of 14 or older, types it under “Learning and family”") },
            ]}
            rows={made}
          />
        )}
      </PrintView>
      <p class="no-print"><a href={at("classes", id, "students")}>{request.t("回到学生名单", "Back to the students")}</a></p>
    </>,
  );
  response.headers.set("cache-control", "no-store");
  return response;
}

/** `POST /classes/:id/move` */
export async function move(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const id = param(c, "id");
  const form = await request.form();
  const done = tried(form, () => moveStudent(request.principal, form.value("student").trim(), id, Number(form.value("seat") || "0")));
  return done instanceof Refusal ? studentsPage(request, id, form, done) : seeOther(c, `${at("classes", id, "students")}?moved=1`);
}
