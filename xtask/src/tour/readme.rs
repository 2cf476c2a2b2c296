//! Takes the tour apart: the section of the README, its commands and the answers that it promises.

use anyhow::{Context as _, bail, ensure};

use super::answer::Answer;

/// The heading of the section.
const HEADING: &str = "## Five minutes with curl";

/// One block of commands.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    /// The line of the file where it begins.
    pub(super) line: usize,
    /// The commands, each with its line feed.
    pub(super) commands: String,
    /// What they answer; a block that only sets variables has none.
    pub(super) answer: Option<Answer>,
}

/// A fenced block.
struct Block<'text> {
    line: usize,
    language: &'text str,
    text: String,
}

/// The steps of the tour, in order.
///
/// # Errors
/// There is no tour, or a block of it is neither commands nor the answer to some.
pub(super) fn steps(readme: &str) -> anyhow::Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    for block in blocks(readme)? {
        let Block { line, language, text } = block;
        if language == "sh" {
            steps.push(Step { line, commands: text, answer: None });
            continue;
        }
        let answer = Answer::parse(language, &text).with_context(|| format!("the block at line {line}"))?;
        let question = steps.last_mut().filter(|step| step.answer.is_none());
        let question = question.with_context(|| format!("the answer at line {line} follows no commands"))?;
        question.answer = Some(answer);
    }
    for step in steps.iter().filter(|step| step.answer.is_none()) {
        let only_sets = step.commands.lines().all(|line| line.starts_with("export "));
        ensure!(only_sets, "the commands at line {} have no answer", step.line);
    }
    ensure!(steps.iter().any(|step| step.answer.is_some()), "it has no commands");
    Ok(steps)
}

fn blocks(readme: &str) -> anyhow::Result<Vec<Block<'_>>> {
    let mut lines = readme.lines().zip(1..).skip_while(|(line, _)| *line != HEADING).skip(1);
    let mut blocks = Vec::new();
    while let Some((line, number)) = lines.next() {
        if line.starts_with("## ") {
            break;
        }
        let Some(language) = line.strip_prefix("```") else { continue };
        let mut text = String::new();
        loop {
            match lines.next() {
                Some(("```", _)) => break,
                Some((line, _)) => text.extend([line, "\n"]),
                None => bail!("the block at line {number} does not end"),
            }
        }
        blocks.push(Block { line: number, language, text });
    }
    ensure!(!blocks.is_empty(), "there is no section {HEADING:?} with blocks in it");
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::{HEADING, steps};

    fn read(tour: &str) -> Result<Vec<(usize, bool)>, String> {
        let readme = format!("# x\n```sh\nnot in the tour\n```\n{HEADING}\n{tour}## Next\n```sh\nneither\n```\n");
        let steps = steps(&readme).map_err(|error| format!("{error:#}"))?;
        Ok(steps.iter().map(|step| (step.line, step.answer.is_some())).collect())
    }

    #[test]
    fn commands_go_with_the_answer_that_follows() {
        let tour = "```sh\nexport A=1\n```\nText.\n```sh\ncurl x\n```\n```json\n{}\n```\n```sh\norgd y\n```\nDone:\n```text\nDone.\n```\n";
        assert_eq!(read(tour), Ok(vec![(6, false), (10, true), (16, true)]));
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        for (tour, fault) in [
            ("Nothing here.\n", "there is no section"),
            ("```sh\nexport A=1\n```\n", "it has no commands"),
            ("```sh\ncurl x\n```\n", "the commands at line 6 have no answer"),
            ("```json\n{}\n```\n", "the answer at line 6 follows no commands"),
            ("```sh\ncurl x\n```\n```json\n{]\n```\n", "the block at line 9: it is not JSON"),
            ("```sh\ncurl x\n```\n```yaml\na: 1\n```\n", "the block at line 9: it is \"yaml\""),
            ("```\ncurl x\n```\n", "the block at line 6: it is \"\""),
        ] {
            let refused = read(tour).expect_err(tour);
            assert!(refused.starts_with(fault), "{tour}: {refused}");
        }
        let open = format!("{HEADING}\n```sh\ncurl x\n");
        assert_eq!(steps(&open).unwrap_err().to_string(), "the block at line 2 does not end");
    }
}
