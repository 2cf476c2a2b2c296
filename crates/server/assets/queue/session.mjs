// Owns signing in and out. The token is kept by this tab alone, and sent in a header of requests to this server alone.

import { Api, looksLikeToken } from "./api.mjs";
import { byId, setText } from "./dom.mjs";

const KEY = "orgd-session-token";

/** The form, and what it led to. `onSignIn` gets the API and the organizations that the token may read. */
export class Session {
  constructor(onSignIn) {
    this.onSignIn = onSignIn;
    byId("sign-in-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#try(byId("token").value.trim());
    });
  }

  /** Goes on with the token of this tab, or asks for one. */
  async begin() {
    const token = sessionStorage.getItem(KEY);
    if (token === null) this.ask("");
    else await this.#try(token);
  }

  /** Forgets the token and asks for another, with a word about why. */
  end(message) {
    sessionStorage.removeItem(KEY);
    this.ask(message);
  }

  ask(message) {
    byId("sign-in").hidden = false;
    byId("token").value = "";
    this.#complain(message);
    byId("token").focus();
  }

  #complain(message) {
    setText(byId("sign-in-error"), message);
    byId("token").setAttribute("aria-invalid", message !== "");
  }

  async #try(token) {
    if (token === "") return this.#complain("Type in a session token.");
    if (!looksLikeToken(token)) return this.#complain("This is not a session token. One looks like aBcDeFgHiJ-0123456789aBcDeFgHiJkL.");
    const button = byId("sign-in-button");
    button.disabled = true;
    try {
      const api = new Api(token);
      const organizations = await api.organizations();
      sessionStorage.setItem(KEY, token);
      byId("sign-in").hidden = true;
      byId("token").value = "";
      this.#complain("");
      this.onSignIn(api, organizations);
    } catch (error) {
      byId("sign-in").hidden = false;
      if (error.status === 401) sessionStorage.removeItem(KEY);
      this.#complain(error.status === 401 ? "The server does not accept this token. It may be mistyped, expired or revoked." : `${error.message} Try again.`);
      byId("token").focus();
    } finally {
      button.disabled = false;
    }
  }
}
