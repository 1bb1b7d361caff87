//! What was typed -> a command that the front knows, its flags and operands: as `cli/parser.ts` reads them.
//!
//! None wherever that parser would find a mistake, or a word that the front does not know: then the program reads it.

/// All that is known of the command line.
#[derive(Debug)]
pub(super) struct Grammar {
    /// Flags before the command.
    pub(super) globals: &'static [Flag],
    /// The commands that the front executes.
    pub(super) commands: &'static [Command],
}

/// A command.
#[derive(Debug)]
pub(super) struct Command {
    /// Its name, and other names for it.
    pub(super) names: &'static [&'static str],
    /// All that may be written behind it.
    pub(super) flags: &'static [Flag],
    /// The first operand ends the flags.
    pub(super) ends_flags: bool,
    /// Its exit status is a program's own.
    pub(super) runs_program: bool,
    /// Engines call it: cli/contract.ts.
    pub(super) runtime: bool,
}

/// A flag.
#[derive(Debug)]
pub(super) struct Flag {
    /// What [`Parsed`] knows it by.
    pub(super) name: &'static str,
    /// The long words that mean it.
    pub(super) words: &'static [&'static str],
    /// The letter that means it.
    pub(super) short: Option<char>,
    /// Whether it has a value.
    pub(super) kind: Kind,
}

/// What a flag takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// On, or off with `=false`.
    Switch,
    /// A value.
    Value,
    /// A value behind `=` only; without one, this is it.
    Optional(&'static str),
}

/// A flag's name and value in turn; a switch has `true` or `false`.
type Values<'words> = Vec<(&'static str, &'words str)>;

/// What was read.
#[derive(Debug)]
pub(super) struct Parsed<'words> {
    /// The command.
    pub(super) command: &'static Command,
    /// In the order written.
    pub(super) operands: Vec<&'words str>,
    /// Flags before the command.
    early: Values<'words>,
    /// Flags behind it.
    late: Values<'words>,
}

impl<'words> Parsed<'words> {
    /// The command's name, whichever of its names was written.
    pub(super) fn name(&self) -> &'static str {
        self.command.names.first().copied().unwrap_or_default()
    }

    /// The last value of one of the command's flags.
    pub(super) fn text(&self, name: &str) -> Option<&'words str> {
        self.all(name).last()
    }

    /// All values of one of the command's flags.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'words str> {
        self.late.iter().filter(move |(flag, _)| *flag == name).map(|(_, value)| *value)
    }

    /// Whether one of the command's switches is on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// The last value of a global flag.
    pub(super) fn global(&self, name: &str) -> Option<&'words str> {
        let both = self.early.iter().chain(&self.late);
        both.rev().find(|(flag, _)| *flag == name).map(|(_, value)| *value)
    }
}

/// Reads all that was typed behind `masu`. Memory is asked for only when a flag is there, or once the command is known.
pub(super) fn parse<'words>(
    grammar: &Grammar,
    mut words: impl Iterator<Item = Option<&'words str>>,
) -> Option<Parsed<'words>> {
    let mut early = Values::new();
    let name = loop {
        match words.next()?? {
            "--" => break words.next()??,
            word if is_flag(word) => read_flag(word, grammar.globals, &mut early, &mut words)?,
            word => break word,
        }
    };
    let command = grammar.commands.iter().find(|command| command.names.contains(&name))?;
    let mut parsed = Parsed { command, operands: Vec::new(), early, late: Values::new() };
    while let Some(word) = words.next() {
        match word? {
            "--" => break,
            word if is_flag(word) => read_flag(word, command.flags, &mut parsed.late, &mut words)?,
            word => parsed.operands.push(word),
        }
        if command.ends_flags && !parsed.operands.is_empty() {
            break;
        }
    }
    for word in words {
        parsed.operands.push(word?);
    }
    Some(parsed)
}

/// `-` alone is an operand.
fn is_flag(word: &str) -> bool {
    word.starts_with('-') && word != "-"
}

fn read_flag<'words>(
    word: &'words str,
    flags: &'static [Flag],
    values: &mut Values<'words>,
    words: &mut impl Iterator<Item = Option<&'words str>>,
) -> Option<()> {
    match word.strip_prefix("--") {
        Some(long) => {
            let (name, written) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            let flag = flags.iter().find(|flag| flag.words.contains(&name))?;
            values.push((flag.name, read_value(flag, written, words)?));
        }
        None => read_letters(word.get(1..)?, flags, values, words)?,
    }
    Some(())
}

/// `-it`, `-eNAME=v`, `-e NAME=v`, `-e=NAME=v`, `-i=false`.
fn read_letters<'words>(
    letters: &'words str,
    flags: &'static [Flag],
    values: &mut Values<'words>,
    words: &mut impl Iterator<Item = Option<&'words str>>,
) -> Option<()> {
    let mut rest = letters;
    while let Some(letter) = rest.chars().next() {
        let flag = flags.iter().find(|flag| flag.short == Some(letter))?;
        rest = rest.get(letter.len_utf8()..)?;
        let takes_rest = matches!(flag.kind, Kind::Value) && !rest.is_empty() || rest.starts_with('=');
        let written = takes_rest.then(|| rest.strip_prefix('=').unwrap_or(rest));
        values.push((flag.name, read_value(flag, written, words)?));
        if takes_rest {
            break;
        }
    }
    Some(())
}

fn read_value<'words>(
    flag: &Flag,
    written: Option<&'words str>,
    words: &mut impl Iterator<Item = Option<&'words str>>,
) -> Option<&'words str> {
    match flag.kind {
        Kind::Switch => boolean(written.unwrap_or("true")),
        Kind::Optional(bare) => written.or(Some(bare)),
        Kind::Value => written.or_else(|| words.next().flatten()),
    }
}

/// As Go's strconv.ParseBool, which docker's flags have.
fn boolean(text: &str) -> Option<&'static str> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some("true"),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some("false"),
        _ => None,
    }
}

#[cfg(test)]
#[path = "parse_test.rs"]
mod tests;
