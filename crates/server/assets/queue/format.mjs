// Owns how times, numbers and names are put into words. Pure, but for the language and the time zone of the browser.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time, in milliseconds, in one or two units. */
export function duration(milliseconds) {
  const span = Math.max(0, milliseconds);
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
  if (span < DAY) return two(span, HOUR, "h", MINUTE, "min");
  return two(span, DAY, "d", HOUR, "h");
}

function two(span, large, largeName, small, smallName) {
  const rest = Math.floor((span % large) / small);
  return `${Math.floor(span / large)} ${largeName}${rest > 0 ? ` ${rest} ${smallName}` : ""}`;
}

/** A run time: below a minute to the tenth of a second. */
export function runTime(milliseconds) {
  return milliseconds < MINUTE ? `${(Math.max(0, milliseconds) / SECOND).toFixed(1)} s` : duration(milliseconds);
}

/** A moment, exactly, in the local time zone and with its name. */
export function exact(time) {
  const moment = new Date(time);
  if (Number.isNaN(moment.getTime())) return String(time);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  const minutes = -moment.getTimezoneOffset();
  const zone = `UTC${minutes < 0 ? "−" : "+"}${two(Math.trunc(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())} ${zone}`;
}

/** Hours and minutes of a moment, local time; with seconds where `seconds` is true. */
export function clockTime(time, seconds = false) {
  return exact(time).slice(11, seconds ? 19 : 16);
}

/** A number with a thin space between thousands. */
export function count(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A number with its noun. */
export function counted(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** The beginning of an id, enough to tell jobs apart: its end, since version 7 ids begin with the time. */
export function shortId(id) {
  return id.slice(-8);
}

const TYPES = {
  template_version_import: "Template import",
  workspace_build: "Workspace build",
  template_version_dry_run: "Template dry run",
};

/** A job's type in words. */
export function typeText(type) {
  return Object.hasOwn(TYPES, type) ? TYPES[type] : String(type);
}

/** What a job is about, for people: its template, and the workspace where it has one. */
export function subject(metadata) {
  const template = metadata?.template_display_name || metadata?.template_name || "";
  const workspace = metadata?.workspace_name || "";
  return [template, workspace].filter((name) => name !== "").join(" › ");
}
