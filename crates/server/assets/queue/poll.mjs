// Owns when the next look at the server is taken: every two seconds, less often while it fails, not at all while nobody looks.

/** Milliseconds between two looks. */
export const INTERVAL = 2000;
/** The longest pause between two attempts, unless the server asks for a longer one. */
const LONGEST = 30_000;

/** The pause before the next attempt, after so many failures in a row. */
export function pause(failures, retryAfter = 0) {
  const own = failures === 0 ? INTERVAL : Math.min(LONGEST, INTERVAL * 2 ** (failures - 1));
  return Math.max(own, retryAfter);
}

/** Calls `look` again and again. `report` hears of each outcome: `{error, failures, next}`, `next` being a time. */
export class Poller {
  #look;
  #report;
  #timer = null;
  #running = null;
  #failures = 0;
  /** The server has asked for rest until then. */
  #notBefore = 0;
  #stopped = true;

  constructor(look, report) {
    this.#look = look;
    this.#report = report;
    document.addEventListener("visibilitychange", () => this.#visibilityChanged());
  }

  /** Begins anew, now. What is under way is given up. */
  start() {
    this.stop();
    this.#stopped = false;
    this.#failures = 0;
    return this.#turn();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = null;
  }

  /** Looks at once instead of at the next turn, or as soon as the server allows. */
  hurry() {
    if (this.#stopped || this.#running !== null) return;
    this.#wait(Math.max(0, this.#notBefore - Date.now()));
  }

  #wait(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), milliseconds);
  }

  async #turn() {
    const attempt = new AbortController();
    this.#running = attempt;
    let error = null;
    try {
      await this.#look(attempt.signal);
    } catch (caught) {
      error = caught;
    }
    if (this.#running !== attempt) return;
    this.#running = null;
    this.#failures = error === null ? 0 : this.#failures + 1;
    const wait = pause(this.#failures, error?.retryAfter);
    this.#notBefore = Date.now() + (error?.retryAfter ?? 0);
    this.#report({ error, failures: this.#failures, next: Date.now() + wait });
    if (!this.#stopped && !document.hidden) this.#wait(wait);
  }

  #visibilityChanged() {
    clearTimeout(this.#timer);
    if (!document.hidden) this.hurry();
  }
}
