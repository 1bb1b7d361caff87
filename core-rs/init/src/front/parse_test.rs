use super::*;

const ROOT: Flag = Flag { name: "root", words: &["root"], short: None, kind: Kind::Value };
const FORCE: Flag = Flag { name: "force", words: &["force"], short: Some('f'), kind: Kind::Switch };
const TERMINAL: Flag = Flag { name: "tty", words: &["tty", "terminal"], short: Some('t'), kind: Kind::Switch };
const ENVIRONMENT: Flag = Flag { name: "env", words: &["env"], short: Some('e'), kind: Kind::Value };

const GRAMMAR: Grammar = Grammar {
    globals: &[ROOT],
    commands: &[
        Command {
            names: &["delete", "rm"],
            flags: &[FORCE, ROOT],
            ends_flags: false,
            runs_program: false,
            runtime: true,
        },
        Command {
            names: &["exec"],
            flags: &[FORCE, TERMINAL, ENVIRONMENT, ROOT],
            ends_flags: true,
            runs_program: true,
            runtime: true,
        },
    ],
};

fn read<'words>(words: &[&'words str]) -> Option<Parsed<'words>> {
    parse(&GRAMMAR, words.iter().copied().map(Some))
}

/// Name, flags of the command, `--root`, operands; words separated by blanks.
fn shown(line: &'static str) -> Option<String> {
    let parsed = read(&line.split(' ').collect::<Vec<_>>())?;
    let flags: Vec<String> = parsed.late.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let root = parsed.global("root").unwrap_or("-");
    Some(format!("{} [{}] {root} {}", parsed.name(), flags.join(" "), parsed.operands.join(" ")))
}

#[test]
fn parse_reads_what_the_parser_of_the_program_reads() {
    for (line, expected) in [
        ("delete a", "delete [] - a"),
        ("rm a b", "delete [] - a b"),
        ("delete a -f", "delete [force=true] - a"),
        ("delete --force=0 a", "delete [force=false] - a"),
        ("delete -f=T a", "delete [force=true] - a"),
        ("delete -- -f", "delete [] - -f"),
        ("delete -", "delete [] - -"),
        ("--root /r delete a", "delete [] /r a"),
        ("--root=/r delete --root=/s a", "delete [root=/s] /s a"),
        ("--root --r delete a", "delete [] --r a"),
        ("-- delete -f", "delete [force=true] - "),
        ("exec -ft c -f", "exec [force=true tty=true] - c -f"),
        ("exec -te A=b c x", "exec [tty=true env=A=b] - c x"),
        ("exec -eA=b -e=C=d --env E=f c", "exec [env=A=b env=C=d env=E=f] - c "),
        ("exec -e -f c", "exec [env=-f] - c "),
        ("exec --terminal=false c -- x", "exec [tty=false] - c -- x"),
        ("exec -- c -- x", "exec [] - c -- x"),
    ] {
        assert_eq!(shown(line).as_deref().map(str::trim_end), Some(expected.trim_end()), "{line}");
    }
}

#[test]
fn parse_leaves_to_the_program_what_it_does_not_know() {
    for line in [
        "start a",
        "--force delete a",
        "delete --forced a",
        "delete -x a",
        "delete -fx a",
        "delete --force=maybe a",
        "delete -f=2 a",
        "--root",
        "--root /r",
        "--",
        "-- --root /r delete",
        "exec -e",
        "exec --tt c",
        "exec --=x c",
    ] {
        assert_eq!(shown(line), None, "{line}");
    }
    assert!(read(&[]).is_none());
    assert!(read(&[""]).is_none());
}

#[test]
fn parse_leaves_words_that_are_not_unicode_to_the_program() {
    for words in [[Some("delete"), None], [None, Some("delete")]] {
        assert!(parse(&GRAMMAR, words.into_iter()).is_none());
    }
}

#[test]
fn parsed_has_the_last_value_and_all_of_them() {
    let parsed = read(&["exec", "-e", "A=1", "-f", "-e", "B=2", "-f=false", "c"]).unwrap();
    assert_eq!(parsed.all("env").collect::<Vec<_>>(), ["A=1", "B=2"]);
    assert_eq!((parsed.text("env"), parsed.is_on("force"), parsed.is_on("tty")), (Some("B=2"), false, false));
}

proptest::proptest! {
    #[test]
    fn parse_takes_or_leaves_any_words(
        words in proptest::collection::vec("(delete|exec|rm|--root|--root=|--force|--force=|-f|-tf|-e|-eA=|--|-|=|[\\PC]{0,6})", 0..8),
    ) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if let Some(parsed) = read(&words) {
            // Every operand is a word as it was written, and in that order.
            let mut rest = words.iter();
            proptest::prop_assert!(parsed.operands.iter().all(|operand| rest.any(|word| word == operand)));
        }
    }
}
