// Owns the part of the address after `#`: what is looked at, so that it can be shared. Never the token.

/** What an address without this part means. */
const DEFAULTS = { org: "", range: "60", status: "", search: "", job: "" };
const RANGES = ["15", "60", "360", "1440"];
const STATUSES = ["", "pending", "running", "succeeded", "failed", "canceled"];

/** Reads the part after `#`. What makes no sense is as if it were not there. */
export function read(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const view = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS)) view[name] = given.get(name) ?? DEFAULTS[name];
  if (!RANGES.includes(view.range)) view.range = DEFAULTS.range;
  if (!STATUSES.includes(view.status)) view.status = DEFAULTS.status;
  return view;
}

/** The part after `#` for this view. */
export function write(view) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(DEFAULTS)) if (view[name] !== value) parts.set(name, view[name]);
  return `#${parts}`;
}
