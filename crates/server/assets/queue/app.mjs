// Owns the page: what is looked at, when it is looked at, and who shows it.

import { read, write } from "./address.mjs";
import { ApiError } from "./api.mjs";
import { announce, byId, h, setText } from "./dom.mjs";
import { Details } from "./details.mjs";
import { counted, duration } from "./format.mjs";
import { JobsView } from "./jobs.mjs";
import { Picture } from "./look.mjs";
import { Poller } from "./poll.mjs";
import { QueuesView, queues, showSummary } from "./queues.mjs";
import { Session } from "./session.mjs";
import { WorkersView } from "./workers.mjs";

/** Milliseconds between two looks at which organizations there are. */
const ORGANIZATIONS_EVERY = 30_000;
const FULL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const page = {
  view: read(location.hash),
  api: null,
  organizations: [],
  organizationsAt: 0,
  /** IDs of organizations whose jobs this token may not see, and whether somebody chose the one that is looked at. */
  closed: new Set(),
  isChosen: false,
  picture: null,
  /** When the last look ended well, on this clock; and how the last one ended. */
  updated: 0,
  outcome: { error: null, failures: 0, next: 0 },
};

const poller = new Poller(look, report);
const queuesView = new QueuesView();
const jobsView = new JobsView(open);
const workersView = new WorkersView(open);
const details = new Details({ onChange: () => poller.hurry(), onClose: (id) => page.view.job === id && change({ job: "" }) });
const session = new Session(signedIn);

function signedIn(api, organizations) {
  page.api = api;
  page.closed.clear();
  for (const id of ["view", "org-choice", "sign-out", "live"]) byId(id).hidden = false;
  setOrganizations(organizations);
  announce("Signed in.");
  choose();
}

function signOut(message = "") {
  poller.stop();
  details.close();
  page.api = null;
  page.picture = null;
  for (const id of ["view", "picture", "org-choice", "sign-out", "live", "banner"]) byId(id).hidden = true;
  for (const id of ["queue-rows", "job-rows", "worker-rows", "org"]) byId(id).replaceChildren();
  session.end(message);
}

function setOrganizations(organizations) {
  const options = JSON.stringify(organizations.map(({ id, name, display_name }) => [id, name, display_name]));
  page.organizationsAt = Date.now();
  page.organizations = organizations;
  const select = byId("org");
  if (select.dataset.options !== options || select.childElementCount === 0) {
    select.replaceChildren(...organizations.map((one) => h("option", { value: one.name }, one.display_name || one.name)));
    select.dataset.options = options;
  }
  byId("no-organizations").hidden = organizations.length > 0;
}

function chosen() {
  const named = page.organizations.find((one) => one.name === page.view.org);
  if (named !== undefined) return named;
  const open = page.organizations.filter((one) => !page.closed.has(one.id));
  const some = open.length > 0 ? open : page.organizations;
  return some.find((one) => one.is_default) ?? some[0];
}

/** Turns to the organization of the address. */
function choose() {
  const organization = chosen();
  byId("loading").hidden = organization === undefined;
  byId("picture").hidden = true;
  byId("closed").hidden = true;
  page.isChosen = page.view.org !== "";
  if (organization === undefined) return poller.stop();
  if (page.view.org !== "" && page.view.org !== organization.name) announce("That organization cannot be read; another is shown.");
  change({ org: organization.name });
  byId("org").value = organization.name;
  document.title = `${organization.display_name || organization.name} · Queue · orgd`;
  page.picture = new Picture(page.api, organization.id);
  queuesView.reset();
  jobsView.reset();
  details.close();
  poller.start();
}

async function look(signal) {
  const { api, picture, view } = page;
  if (Date.now() - page.organizationsAt > ORGANIZATIONS_EVERY) {
    setOrganizations(await api.organizations(signal));
    byId("org").value = chosen()?.name ?? "";
  }
  const search = view.search.trim();
  const shown = details.id === null ? jobsView.shown : [details.id, ...jobsView.shown];
  const wanted = details.id ?? (FULL_ID.test(search) ? search.toLowerCase() : "");
  await picture.look({ minutes: Number(view.range), status: view.status, shown, wanted }, signal);
  if (page.picture !== picture || signal.aborted) return;
  page.updated = Date.now();
  show();
}

function show() {
  const { picture, view, api } = page;
  if (picture === null || picture.at === 0) return;
  const now = api.now();
  const minutes = Number(view.range);
  byId("loading").hidden = true;
  byId("picture").hidden = false;
  const list = queues(picture, minutes, now);
  showSummary(list, picture, now);
  queuesView.show(list, { minutes, now, picture });
  const found = jobsView.show(picture, view, now);
  workersView.show(picture.workers, now);
  if (view.job !== "" && details.id !== view.job) details.open(api, picture.organization, view.job);
  if (details.id !== null) details.show(picture.jobs.get(details.id), picture.workers, now);
  return found;
}

function report(outcome) {
  const { error } = outcome;
  if (page.api === null) return;
  page.outcome = outcome;
  if (error?.status === 401) return signOut("The server no longer accepts your token. Sign in again.");
  if (error?.status === 404) return lost();
  if (error === null && !byId("banner").hidden) announce("The page is up to date again.");
  byId("banner").hidden = error === null;
  if (error !== null) setText(byId("banner-text"), error.message);
  // Anything but an answer of the server is a defect of this page.
  if (error !== null && !(error instanceof ApiError)) console.error(error);
  tell();
}

/** The organization is gone, or it is there and its jobs are not for this token: the list of organizations tells. */
async function lost() {
  const { api, picture } = page;
  poller.stop();
  const others = page.organizations.filter((one) => one.id !== picture.organization);
  const organizations = await api.organizations().catch(() => others);
  if (page.api !== api || page.picture !== picture) return;
  setOrganizations(organizations);
  const there = organizations.find((one) => one.id === picture.organization);
  if (there !== undefined) page.closed.add(there.id);
  const isOpen = organizations.some((one) => !page.closed.has(one.id));
  // Who asked for it by name is told; who did not is shown one that may be seen.
  if (there !== undefined && (page.isChosen || !isOpen)) return closed(there);
  if (there === undefined) announce("The organization is gone; another is shown.");
  change({ org: "", job: "" });
  choose();
}

function closed(organization) {
  const name = organization.display_name || organization.name;
  const text = `You may not see the provisioner jobs of ${name}. Owners may, and the organization’s administrators and template administrators.`;
  byId("loading").hidden = true;
  byId("org").value = organization.name;
  setText(byId("closed"), text);
  byId("closed").hidden = false;
  announce(text);
}

/** Says how old the page is; the words change every second. */
function tell() {
  if (page.api === null) return;
  const age = duration(Date.now() - page.updated);
  const isLate = page.outcome.error !== null;
  byId("live").classList.toggle("late", isLate);
  setText(byId("live-text"), document.hidden ? "paused" : isLate ? "not live" : "live");
  if (!isLate) return;
  const last = page.updated === 0 ? "No update yet" : `Last update ${age} ago`;
  const wait = Math.max(0, Math.ceil((page.outcome.next - Date.now()) / 1000));
  setText(byId("banner-times"), `${last}; ${wait === 0 ? "trying now" : `next attempt in ${wait} s`}.`);
}

/** Changes what is looked at, and the address with it. */
function change(part) {
  page.view = { ...page.view, ...part };
  const hash = write(page.view);
  if (location.hash !== hash && !(hash === "#" && location.hash === "")) history.replaceState(null, "", hash);
}

function open(id) {
  change({ job: id });
  show();
  poller.hurry();
}

function readAddress() {
  const view = read(location.hash);
  const isOther = view.org !== page.view.org;
  page.view = view;
  controls();
  if (page.api === null) return;
  if (view.job === "") details.close();
  if (isOther) choose();
  else refresh();
}

/** Shows at once what is known, and asks for what is not. */
function refresh() {
  show();
  poller.hurry();
}

function controls() {
  byId("search").value = page.view.search;
  for (const [name, value] of [["range", page.view.range], ["status", page.view.status]]) {
    for (const input of document.getElementsByName(name)) input.checked = input.value === value;
  }
}

function listen() {
  byId("org").addEventListener("change", (event) => {
    change({ org: event.target.value, job: "" });
    choose();
  });
  byId("sign-out").addEventListener("click", () => signOut());
  byId("retry").addEventListener("click", () => poller.hurry());
  byId("range").addEventListener("change", (event) => {
    change({ range: event.target.value });
    refresh();
  });
  const filter = (part) => {
    change(part);
    jobsView.reset();
    const found = show();
    if (found !== undefined) announce(`${counted(found, "job")} listed.`);
    poller.hurry();
  };
  byId("status").addEventListener("change", (event) => filter({ status: event.target.value }));
  byId("search").addEventListener("input", (event) => filter({ search: event.target.value }));
  byId("skip").addEventListener("click", (event) => {
    // The part after `#` is taken.
    event.preventDefault();
    byId("content").focus();
  });
  addEventListener("hashchange", readAddress);
  document.addEventListener("visibilitychange", tell);
  setInterval(tell, 1000);
}

listen();
controls();
session.begin();
