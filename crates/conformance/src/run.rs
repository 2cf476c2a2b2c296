//! What a case has at hand: it asks the server, says what it expects, and everything that is not so is noted.

use serde_json::Value;

use crate::call::{Call, Caller};
use crate::case::{Aspect, Case, Finding, Stop};
use crate::contract::{Contract, Flaw, Operation};
use crate::exchange::{Answer, Exchange, beginning};
use crate::runner::Kind;
use crate::server::{NoAnswer, Server};
use crate::targets::Targets;

/// The words of every answer for what is not there or hidden.
pub(crate) const NOT_FOUND: &str = "Resource not found or you do not have access to this resource";
/// How many flaws of one body are told.
const FLAWS: usize = 5;

/// One case while it runs.
pub(crate) struct Run<'a> {
    pub(crate) case: &'a Case,
    pub(crate) server: &'a Server,
    pub(crate) contract: &'a Contract,
    pub(crate) targets: &'a Targets,
    pub(crate) kind: Kind,
    pub(crate) findings: Vec<Finding>,
    pub(crate) exchanges: Vec<Exchange>,
}

impl Run<'_> {
    /// Asks, and judges status, header and body by the contract. The body comes back, null where there is none.
    pub(crate) async fn ask(&mut self, call: Call, status: u16) -> Result<Value, Stop> {
        self.answer(call, status).await.map(|answer| answer.json().unwrap_or_default())
    }

    /// The same, for whoever needs the whole answer.
    pub(crate) async fn answer(&mut self, call: Call, status: u16) -> Result<Answer, Stop> {
        let operation = self.operation(&call)?;
        let answer = match self.send(&operation, &call).await? {
            Ok(answer) => answer,
            Err(why) => {
                self.note(Aspect::Answer, &format!("an answer with status {status}"), &why);
                return Err(Stop::Failed);
            }
        };
        if answer.status != status {
            self.note(Aspect::Status, &format!("status {status}"), &format!("status {}", answer.status));
            return Err(Stop::Failed);
        }
        self.judge(&operation, &answer);
        Ok(answer)
    }

    /// Asks for what the case needs and is not about; a server that does not do it leaves nothing to look at.
    pub(crate) async fn prepare(&mut self, call: Call) -> Result<Value, Stop> {
        let operation = self.operation(&call)?;
        let what = format!("{} did not work", operation.id);
        match self.send(&operation, &call).await? {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(answer.json().unwrap_or_default()),
            Ok(answer) => Err(Stop::Skip(format!("{what}: status {}", answer.status))),
            Err(why) => Err(Stop::Skip(format!("{what}: {why}"))),
        }
    }

    /// Sends, and says neither yes nor no to what comes back.
    pub(crate) async fn try_out(&mut self, call: Call) -> Result<Option<Answer>, Stop> {
        let operation = self.operation(&call)?;
        Ok(self.send(&operation, &call).await?.ok())
    }

    fn operation(&self, call: &Call) -> Result<Operation, Stop> {
        let unknown = || Stop::Skip(format!("the contract has no operation {}", call.operation));
        self.contract.operation(call.operation).cloned().ok_or_else(unknown)
    }

    async fn send(&mut self, operation: &Operation, call: &Call) -> Result<Result<Answer, String>, Stop> {
        if call.caller == Caller::Other && !self.server.has_other() {
            return Err(Stop::Skip("needs a second user: --other-token-file or ORGD_OTHER_TOKEN".to_owned()));
        }
        let (sent, answer) = self.server.send(operation, call).await;
        self.exchanges.push(Exchange::shown(&sent, answer.as_ref().ok(), &self.server.mask));
        match answer {
            Ok(answer) if answer.status == 429 => Err(Stop::Skip("the server's rate limit is reached".to_owned())),
            Ok(answer) => Ok(Ok(answer)),
            Err(NoAnswer::Broken(why)) => Ok(Err(why)),
            Err(NoAnswer::Refused(why)) => Err(Stop::Skip(why)),
            Err(NoAnswer::Interrupted) => Err(Stop::Interrupted),
        }
    }

    fn judge(&mut self, operation: &Operation, answer: &Answer) {
        if !operation.statuses().any(|known| known == answer.status) {
            self.note(Aspect::Status, "a documented status", &format!("status {}", answer.status));
        }
        if !self.contract.has_body(operation, answer.status) {
            if !answer.body.is_empty() {
                self.note(Aspect::Schema, "no body", &format!("{} bytes", answer.body.len()));
            }
            return;
        }
        let given = answer.header("content-type").unwrap_or("none");
        if !given.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
            self.note(Aspect::Header, "Content-Type application/json", &format!("Content-Type {given}"));
        }
        let Some(body) = answer.json() else {
            self.note(Aspect::Schema, "a JSON body", &beginning(&String::from_utf8_lossy(&answer.body)));
            return;
        };
        for flaw in self.contract.flaws(operation, answer.status, &body).into_iter().take(FLAWS) {
            match flaw {
                Flaw::Schema(why) => self.note(Aspect::Schema, "a body as documented", &why),
                Flaw::UndocumentedKey(why) => self.note(Aspect::UndocumentedKey, "documented keys only", &why),
                Flaw::Null(place) => {
                    self.note(Aspect::Null, "a key without a value to be absent", &format!("null at {place}"))
                }
            }
        }
    }

    /// Notes something about the last request that is not as expected.
    pub(crate) fn note(&mut self, aspect: Aspect, expected: &str, got: &str) {
        let mask = &self.server.mask;
        let (expected, got) = (mask.text(&beginning(expected)), mask.text(&beginning(got)));
        self.findings.push(Finding { aspect, expected, got, exchange: self.exchanges.len().saturating_sub(1) });
    }

    /// Notes when something is not so.
    pub(crate) fn check(&mut self, is_so: bool, aspect: Aspect, expected: &str, got: &str) {
        if !is_so {
            self.note(aspect, expected, got);
        }
    }

    /// Notes when a value of the body is another one.
    pub(crate) fn same(&mut self, what: &str, expected: &Value, got: &Value) {
        self.check(expected == got, Aspect::Value, &format!("{what} {expected}"), &format!("{what} {got}"));
    }

    /// Asks for what must not be there: 404 in the words of all such answers.
    pub(crate) async fn absent(&mut self, call: Call) -> Result<(), Stop> {
        let body = self.ask(call, 404).await?;
        self.same("message", &NOT_FOUND.into(), &body["message"]);
        self.check(
            body.get("detail").is_none(),
            Aspect::Value,
            "no detail that tells more",
            &body["detail"].to_string(),
        );
        Ok(())
    }

    /// Asks for something that is refused, and checks that exactly these fields are named.
    pub(crate) async fn refused(&mut self, call: Call, status: u16, fields: &[&str]) -> Result<Value, Stop> {
        let body = self.ask(call, status).await?;
        let entries = body["validations"].as_array().into_iter().flatten();
        let mut named: Vec<&str> = entries.filter_map(|entry| entry["field"].as_str()).collect();
        named.sort_unstable();
        named.dedup();
        let mut wanted = fields.to_vec();
        wanted.sort_unstable();
        let words = |fields: &[&str]| if fields.is_empty() { "none".to_owned() } else { fields.join(", ") };
        let (expected, got) =
            (format!("validations that name {}", words(&wanted)), format!("named: {}", words(&named)));
        self.check(named == wanted, Aspect::Validations, &expected, &got);
        Ok(body)
    }

    /// Asks as nobody, and as somebody whose token is none.
    pub(crate) async fn signed_out(&mut self, call: Call) -> Result<(), Stop> {
        for caller in
            [Caller::Nobody, Caller::Pretender("no-token"), Caller::Pretender("0000000000-0000000000000000000000")]
        {
            let body = self.ask(call.clone().by(caller), 401).await?;
            let says = body["message"].as_str().is_some_and(|message| !message.is_empty());
            self.check(says, Aspect::Value, "a message", &body.to_string());
        }
        Ok(())
    }
}

/// An element of an object as text; empty when it is none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The elements of a list; none when it is none.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The texts under a key of each element.
pub(crate) fn texts<'a>(list: &'a [Value], key: &str) -> Vec<&'a str> {
    list.iter().map(|item| text(item, key)).collect()
}
