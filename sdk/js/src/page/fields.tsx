/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
/** Labelled fields that show what was typed and what is wrong with it. */
import type { Child } from "hono/jsx";
import type { Ticket } from "../files.ts";
import { type Text, t } from "../text.ts";
import type { Form } from "../web/form.ts";
import type { CityRequest } from "../web/request.ts";

/** What every field takes. */
interface FieldProps {
  readonly request: CityRequest;
  readonly form: Form;
  readonly name: string;
  readonly label: Text;
}

/** What is wrong with a form, with links to the fields; nothing while it is valid. Put it above the form. */
export function ErrorSummary({ request, form }: { request: CityRequest; form: Form }) {
  if (form.isValid) return null;
  return (
    <div class="notice notice-bad" role="alert">
      <p>{request.t("请更正以下各项：", "Please correct the following:")}</p>
      <ul>
        {form.errors().map(([name, why]) => (
          <li>
            <a href={`#field-${name}`}>{request.text(why)}</a>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A labelled input. `kind` is its `type` (`text`, `tel`, `number`, `date`, …). */
export function Field(props: FieldProps & { kind?: string; hint?: Text }) {
  const about = aboutOf(props);
  return (
    <Control {...props}>
      <input {...about} name={props.name} type={props.kind ?? "text"} value={props.form.value(props.name)} />
    </Control>
  );
}

/**
 * A labelled choice of files, for a form with `encType="multipart/form-data"` that goes to the ticket's `action`. What it
 * takes and how much is said beside it; the gateway looks for itself.
 */
export function FileField(props: FieldProps & { ticket: Ticket; hint?: Text }) {
  const { ticket, hint } = props;
  const [mib, most, many] = [Math.ceil(ticket.maxBytes / 2 ** 20), ticket.maxFiles, ticket.maxFiles > 1];
  const limits = many
    ? t(`最多 ${most} 个，每个最大 ${mib} MiB。`, `At most ${most} files of ${mib} MiB each.`)
    : t(`最大 ${mib} MiB。`, `At most ${mib} MiB.`);
  const said = hint ? t(`${hint.zh} ${limits.zh}`, `${hint.en} ${limits.en}`) : limits;
  const about = aboutOf({ ...props, hint: said });
  return (
    <Control {...props} hint={said}>
      <input {...about} name={props.name} type="file" accept={ticket.accept} multiple={many} />
    </Control>
  );
}

/** A labelled text area of so many rows. */
export function TextArea(props: FieldProps & { rows: number; hint?: Text }) {
  const about = aboutOf(props);
  return (
    <Control {...props}>
      <textarea {...about} name={props.name} rows={props.rows}>
        {/* A browser drops the first line break of a text area. */}
        {`\n${props.form.value(props.name)}`}
      </textarea>
    </Control>
  );
}

/** A labelled choice of one: pairs of value and text. */
export function Select(props: FieldProps & { options: readonly (readonly [string, string])[]; hint?: Text }) {
  const about = aboutOf(props);
  return (
    <Control {...props}>
      <select {...about} name={props.name}>
        {props.options.map(([value, text]) => (
          <option value={value} selected={props.form.value(props.name) === value}>{text}</option>
        ))}
      </select>
    </Control>
  );
}

/** A labelled checkbox. */
export function Checkbox(props: FieldProps & { hint?: Text }) {
  const about = aboutOf(props);
  return (
    <div>
      <label class="choice" for={about.id}>
        <input {...about} name={props.name} type="checkbox" value="yes" checked={props.form.checked(props.name)} />
        <span>{props.request.text(props.label)}</span>
      </label>
      <Hint {...props} />
      <Wrong {...props} />
    </div>
  );
}

/** The attributes that join an input to its label, hint and error. */
function aboutOf({ form, name, hint }: { form: Form; name: string; hint?: Text }) {
  const wrong = form.error(name) !== undefined;
  const described = [hint && `hint-${name}`, wrong && `error-${name}`].filter((id) => typeof id === "string");
  return {
    id: `field-${name}`,
    "aria-invalid": wrong ? ("true" as const) : undefined,
    "aria-describedby": described.length === 0 ? undefined : described.join(" "),
  };
}

function Control(props: FieldProps & { hint?: Text; children?: Child }) {
  return (
    <div>
      <label for={`field-${props.name}`}>{props.request.text(props.label)}</label>
      {props.children}
      <Hint {...props} />
      <Wrong {...props} />
    </div>
  );
}

function Hint({ request, name, hint }: { request: CityRequest; name: string; hint?: Text }) {
  if (hint === undefined) return null;
  return <span class="field-help" id={`hint-${name}`}>{request.text(hint)}</span>;
}

function Wrong({ request, form, name }: { request: CityRequest; form: Form; name: string }) {
  const why = form.error(name);
  if (why === undefined) return null;
  return <span class="field-error" id={`error-${name}`}>{request.text(why)}</span>;
}
