// Owns the panel with everything about one job, its log, and the button that cancels it.

import { announce, byId, h, setChildren, setText } from "./dom.mjs";
import { chips } from "./chips.mjs";
import { exact, runTime, subject, typeText } from "./format.mjs";
import { state } from "./icons.mjs";
import { Log } from "./logs.mjs";
import { whyText } from "./queues.mjs";
import { canBeCanceled, hasEnded } from "./store.mjs";
import { reason } from "./why.mjs";

/** The panel. */
export class Details {
  #panel = byId("details");
  #log = new Log();
  #id = null;
  #job = null;
  #api = null;

  /** `onChange` is called after a job was canceled; `onClose` gets the id of the job when the panel is closed. */
  constructor({ onChange, onClose }) {
    this.onChange = onChange;
    this.#panel.addEventListener("close", () => {
      const closed = this.#id;
      this.#log.close();
      this.#id = null;
      onClose(closed);
    });
    // A click beside the panel is one on the dialog itself.
    this.#panel.addEventListener("click", (event) => event.target === this.#panel && this.#panel.close());
    byId("close").addEventListener("click", () => this.#panel.close());
    byId("cancel").addEventListener("click", () => this.#ask(true));
    byId("keep").addEventListener("click", () => this.#ask(false));
    byId("cancel-now").addEventListener("click", () => this.#cancel());
  }

  /** The id of the job that is shown; null when none is. */
  get id() {
    return this.#id;
  }

  open(api, organization, id) {
    this.#api = api;
    this.organization = organization;
    this.#id = id;
    this.#job = null;
    setText(byId("cancel-note"), "");
    this.#ask(false, false);
    if (!this.#panel.open) this.#panel.showModal();
    byId("details-title").focus();
    this.#log.open(api, organization, id, () => this.#job !== null && hasEnded(this.#job));
  }

  close() {
    if (this.#panel.open) this.#panel.close();
  }

  /** Shows the job as it is now; undefined when it is not known. */
  show(job, workers, now) {
    const was = this.#job;
    this.#job = job ?? null;
    byId("details-body").hidden = job === undefined;
    byId("details-missing").hidden = job !== undefined;
    setText(byId("details-title"), job === undefined ? "Job" : subject(job.metadata) || typeText(job.type));
    const cancelable = job !== undefined && canBeCanceled(job);
    byId("actions").hidden = !cancelable;
    if (job === undefined) return;
    setChildren(byId("details-state"), job.status, () => state(job.status));
    const why = job.status === "pending" ? reason(job, workers, now) : null;
    byId("details-why").hidden = why === null;
    if (why !== null) setChildren(byId("details-why"), JSON.stringify(why), () => whyText(why));
    byId("details-error").hidden = !job.error;
    setText(byId("details-error-text"), job.error ?? "");
    setText(byId("details-error-code"), job.error_code ?? "");
    const facts = factsOf(job, now).filter(([, value]) => value !== "");
    setChildren(byId("facts"), JSON.stringify(facts), () => facts.flatMap(([name, value]) => fact(name, value, job)));
    if (was !== null && was.status !== job.status) announce(`The job is now ${job.status}.`);
  }

  /** Whether the page asks if it is meant. */
  #ask(asks, focus = true) {
    byId("cancel").hidden = asks;
    byId("confirm").hidden = !asks;
    if (focus) byId(asks ? "keep" : "cancel").focus();
  }

  async #cancel() {
    const id = this.#id;
    byId("cancel-now").disabled = true;
    try {
      await this.#api.cancel(this.organization, id);
      setText(byId("cancel-note"), "The job was canceled.");
      if (this.#id === id) byId("close").focus();
    } catch (error) {
      setText(byId("cancel-note"), error.message);
    } finally {
      byId("cancel-now").disabled = false;
    }
    this.#ask(false, false);
    this.onChange();
  }
}

function factsOf(job, now) {
  const moment = (time) => (time ? exact(time) : "");
  const left = [job.started_at, job.canceled_at, job.completed_at].find((time) => time !== undefined);
  const waited = (left ? Date.parse(left) : now) - Date.parse(job.created_at);
  const end = job.completed_at ? Date.parse(job.completed_at) : now;
  const { metadata = {}, input = {} } = job;
  return [
    ["Type", typeText(job.type)],
    ["Tags", job.tags],
    ["Place in queue", job.status === "pending" ? `${job.queue_position} of ${job.queue_size}` : ""],
    ["Queued", moment(job.created_at)],
    ["Waited", runTime(waited)],
    ["Started", moment(job.started_at)],
    ["Cancel asked", moment(job.canceled_at)],
    ["Ended", moment(job.completed_at)],
    ["Ran for", job.started_at ? runTime(end - Date.parse(job.started_at)) : ""],
    ["Worker", job.worker_name ?? ""],
    ["Template", metadata.template_name ?? ""],
    ["Template version", metadata.template_version_name ?? ""],
    ["Workspace", metadata.workspace_name ?? ""],
    ["Input: template version", input.template_version_id ?? ""],
    ["Input: workspace build", input.workspace_build_id ?? ""],
    ["Input cannot be read", input.error ?? ""],
    ["Job ID", job.id],
    ["Initiator ID", job.initiator_id ?? ""],
    ["File ID", job.file_id ?? ""],
    ["Worker ID", job.worker_id ?? ""],
    ["Log", job.logs_overflowed ? "more than 1 MiB; the rest was dropped" : ""],
  ];
}

function fact(name, value, job) {
  const isId = name.endsWith(" ID") || name.startsWith("Input: ");
  const shown = value === job.tags ? chips(value) : value;
  return [h("dt", {}, name), h("dd", { class: isId ? "mono" : null }, shown)];
}
