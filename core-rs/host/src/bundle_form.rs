//! The form of a bundle's `config.json`: what it has in common with those of all containers that an engine makes in the same way.
//!
//! A form is the document with a blank in each place whose value engines choose anew for each container and that plans only pass on:
//! paths, names, variables, arguments. A value that could mean more there than itself (a quotation mark in a text that will be part
//! of another one, `..` in a path, what plans look at) stays in the form, so that it is compared.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use masu_wire::blank::ARGUMENTS;
use masu_wire::bundle::DocumentBlank;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// What the blanks of a form are called, with a number behind it.
const VALUE: &str = "value";
/// The blank of the bundle's directory, without its first slash: `lib/engine/bundle.ts`.
const BUNDLE: &str = "bundle";
/// Longest value that becomes a blank, in bytes: with what stands around it, it is still a path.
const LONGEST_VALUE: usize = 3000;
/// MAX_ARG_STRLEN without its NUL: execve(2).
const LONGEST_ARGUMENT: usize = 131_071;
/// __NEW_UTS_LEN: sethostname(2).
const LONGEST_HOST_NAME: usize = 64;
/// NAME_MAX: linux/limits.h.
const LONGEST_NAME: usize = 255;
/// Variables that plans look at.
const READ_VARIABLES: [&str; 1] = ["HOME"];
/// Annotations that plans read: `lib/cgroup/systemd_annotations.ts`.
const READ_ANNOTATIONS: &str = "org.systemd.";
/// What is bound from there has rules of its own.
const KERNEL_TREES: [&str; 2] = ["/sys", "/proc"];

/// A document, apart from its values.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// The document with its blanks.
    pub text: String,
    /// Where they are.
    pub blanks: Vec<DocumentBlank>,
    /// What they stand for, by name.
    pub values: BTreeMap<String, String>,
    /// What the list blank of the program's arguments stands for.
    pub arguments: Vec<String>,
}

/// Tells form and values of a document apart; its bundle's directory, an absolute path, is a value too. None: there is no telling,
/// since it is no such document, or looks as if it had blanks; or a variable would have to stay in the form.
#[must_use]
pub fn form(document: &str, bundle: &str) -> Option<Form> {
    let bundle = bundle.strip_prefix('/').filter(|path| is_plain(path))?;
    if document.contains(&format!("${{{VALUE}")) || document.contains(ARGUMENTS) {
        return None;
    }
    let mut finder = Finder { document, edits: Vec::new(), form: Form::default() };
    let mut place = Vec::new();
    finder.spec(serde_json::from_str(document).ok()?, &mut place)?;
    let Finder { edits, mut form, .. } = finder;
    form.values.insert(BUNDLE.to_owned(), bundle.to_owned());
    let mut at = 0;
    for (range, text) in edits {
        form.text.push_str(document.get(at..range.start)?);
        form.text.push_str(&text);
        at = range.end;
    }
    form.text.push_str(document.get(at..)?);
    Some(form)
}

/// Where in the document one is: keys, and numbers of list elements.
type Place<'a> = Vec<Cow<'a, str>>;

/// Goes through a document once, from its beginning to its end.
struct Finder<'a> {
    document: &'a str,
    /// In order; each replaces a whole value of the document.
    edits: Vec<(Range<usize>, String)>,
    form: Form,
}

impl<'a> Finder<'a> {
    fn spec(&mut self, spec: &'a RawValue, place: &mut Place<'a>) -> Option<()> {
        self.members(spec, place, |finder, name, value, place| match name {
            "hostname" => finder.whole(value, place, is_host_name),
            "annotations" => finder.members(value, place, |finder, name, value, place| {
                if name.starts_with(READ_ANNOTATIONS) { Some(()) } else { finder.whole(value, place, |_| true) }
            }),
            "root" => finder.member(value, place, "path", Self::path),
            "process" => finder.process(value, place),
            "mounts" => finder.items(value, place, Self::mount),
            "hooks" => finder.members(value, place, |finder, _, hooks, place| {
                finder.items(hooks, place, |finder, hook, place| {
                    finder.member(hook, place, "args", |finder, arguments, place| {
                        finder
                            .items(arguments, place, |finder, argument, place| finder.whole(argument, place, |_| true))
                    })
                })
            }),
            "linux" => finder.linux(value, place),
            _ => Some(()),
        })
    }

    fn process(&mut self, process: &'a RawValue, place: &mut Place<'a>) -> Option<()> {
        self.members(process, place, |finder, name, value, place| match name {
            "env" => finder.items(value, place, Self::variable),
            "args" => finder.arguments(value),
            "selinuxLabel" => finder.whole(value, place, |_| true),
            _ => Some(()),
        })
    }

    fn linux(&mut self, linux: &'a RawValue, place: &mut Place<'a>) -> Option<()> {
        self.members(linux, place, |finder, name, value, place| match name {
            "cgroupsPath" => finder.cgroup(value, place),
            "namespaces" => finder.items(value, place, |finder, namespace, place| {
                // A user namespace that is joined decides what everything else is. A word with escapes could be any.
                let is_users = |value: &RawValue| plain(value).is_none_or(|kind| kind == "user");
                let has_blank = !members_of(namespace)?.iter().any(|(name, value)| name == "type" && is_users(value));
                if has_blank { finder.member(namespace, place, "path", Self::path) } else { Some(()) }
            }),
            "mountLabel" => finder.whole(value, place, |_| true),
            _ => Some(()),
        })
    }

    fn mount(&mut self, mount: &'a RawValue, place: &mut Place<'a>) -> Option<()> {
        let Some(members) = members_of(mount) else { return Some(()) };
        let bound = |value: &RawValue| matches!(plain(value), Some("bind" | "rbind"));
        let is_bound = members.iter().any(|(name, value)| match &**name {
            "type" => bound(value),
            "options" => items_of(value).is_some_and(|options| options.into_iter().any(bound)),
            _ => false,
        });
        if !is_bound {
            return Some(());
        }
        self.member(mount, place, "source", |finder, source, place| {
            let is_kernels = plain(source).is_some_and(|path| KERNEL_TREES.iter().any(|tree| path.starts_with(tree)));
            if is_kernels { Some(()) } else { finder.path(source, place) }
        })
    }

    /// `NAME=VALUE`. None: it cannot be a blank, and is not to lie about in a kept plan, since it may be a secret.
    fn variable(&mut self, variable: &'a RawValue, place: &mut Place<'a>) -> Option<()> {
        let (name, value) = plain(variable)?.split_once('=')?;
        if name.is_empty() || value.is_empty() || READ_VARIABLES.contains(&name) {
            return Some(());
        }
        let blank = self.blank(value);
        self.edit(variable, place, format!("{name}={blank}"))
    }

    /// All of them at once, whatever they are: nothing else has them as a part.
    fn arguments(&mut self, arguments: &'a RawValue) -> Option<()> {
        let Ok(words) = serde_json::from_str::<Vec<String>>(arguments.get()) else { return Some(()) };
        let is_program = words.first().is_some_and(|word| !word.is_empty());
        if !is_program || words.iter().any(|word| word.contains('\0') || word.len() > LONGEST_ARGUMENT) {
            return Some(());
        }
        let range = self.range(arguments)?;
        self.edits.push((range, format!("[\"{ARGUMENTS}\"]")));
        self.form.arguments = words;
        Some(())
    }

    /// An absolute path without `.`, `..` and needless slashes.
    fn path(&mut self, path: &'a RawValue, place: &mut Place<'a>) -> Option<()> {
        let Some(rest) = plain(path).and_then(|text| text.strip_prefix('/')) else { return Some(()) };
        if !rest.split('/').all(is_part) {
            return Some(());
        }
        let blank = self.blank(rest);
        self.edit(path, place, format!("/{blank}"))
    }

    /// A path, each of its parts a blank, or systemd's `slice:prefix:name`, of which only the name is one.
    fn cgroup(&mut self, path: &'a RawValue, place: &mut Place<'a>) -> Option<()> {
        let Some(text) = plain(path) else { return Some(()) };
        if let Some((unit, name)) = text.rsplit_once(':') {
            if !unit.contains('/') && is_unit_name(name) {
                let blank = self.blank(name);
                return self.edit(path, place, format!("{unit}:{blank}"));
            }
            return Some(());
        }
        let absolute = text.strip_prefix('/');
        let parts: Vec<&str> = absolute.unwrap_or(text).split('/').collect();
        if !parts.iter().copied().all(is_part) {
            return Some(());
        }
        let blanks: Vec<String> = parts.into_iter().map(|part| self.blank(part)).collect();
        let root = if absolute.is_some() { "/" } else { "" };
        self.edit(path, place, format!("{root}{}", blanks.join("/")))
    }

    /// The whole text, if it can be a blank and is what it has to be there.
    fn whole(&mut self, value: &'a RawValue, place: &mut Place<'a>, fits: impl Fn(&str) -> bool) -> Option<()> {
        let Some(text) = plain(value).filter(|text| fits(text)) else { return Some(()) };
        let blank = self.blank(text);
        self.edit(value, place, blank)
    }

    /// A new blank for a value.
    fn blank(&mut self, value: &str) -> String {
        let name = format!("{VALUE}{}", self.form.values.len());
        let blank = format!("${{{name}}}");
        self.form.values.insert(name, value.to_owned());
        blank
    }

    fn edit(&mut self, value: &RawValue, place: &Place<'a>, text: String) -> Option<()> {
        let range = self.range(value)?;
        self.edits.push((range, format!("\"{text}\"")));
        let place = place.iter().map(|part| part.clone().into_owned()).collect();
        self.form.blanks.push(DocumentBlank { place, text });
        Some(())
    }

    /// Where the value stands in the document that it was borrowed from.
    fn range(&self, value: &RawValue) -> Option<Range<usize>> {
        let start = (value.get().as_ptr() as usize).checked_sub(self.document.as_ptr() as usize)?;
        let end = start.checked_add(value.get().len())?;
        (self.document.get(start..end) == Some(value.get())).then_some(start..end)
    }

    /// Calls `visit` with each member of an object; whatever is none has none. None: a key is there twice, and readers differ.
    fn members(
        &mut self,
        object: &'a RawValue,
        place: &mut Place<'a>,
        visit: impl Fn(&mut Self, &str, &'a RawValue, &mut Place<'a>) -> Option<()>,
    ) -> Option<()> {
        let Some(members) = members_of(object) else { return Some(()) };
        let names: BTreeSet<&str> = members.iter().map(|(name, _)| &**name).collect();
        if names.len() < members.len() {
            return None;
        }
        for (name, value) in &members {
            place.push(name.clone());
            visit(self, name, value, place)?;
            place.pop();
        }
        Some(())
    }

    fn member(
        &mut self,
        object: &'a RawValue,
        place: &mut Place<'a>,
        wanted: &str,
        visit: impl Fn(&mut Self, &'a RawValue, &mut Place<'a>) -> Option<()>,
    ) -> Option<()> {
        self.members(
            object,
            place,
            |finder, name, value, place| {
                if name == wanted { visit(finder, value, place) } else { Some(()) }
            },
        )
    }

    fn items(
        &mut self,
        list: &'a RawValue,
        place: &mut Place<'a>,
        visit: impl Fn(&mut Self, &'a RawValue, &mut Place<'a>) -> Option<()>,
    ) -> Option<()> {
        for (number, item) in items_of(list).into_iter().flatten().enumerate() {
            place.push(number.to_string().into());
            visit(self, item, place)?;
            place.pop();
        }
        Some(())
    }
}

/// The members of an object in the order written; none: it is no object.
fn members_of(value: &RawValue) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(name) = map.next_key::<Written<'de>>()? {
                members.push((name.0, map.next_value()?));
            }
            Ok(members)
        }
    }

    let mut reader = serde_json::Deserializer::from_str(value.get());
    serde::Deserializer::deserialize_map(&mut reader, Members).ok()
}

/// A key, borrowed where it is written without escapes.
#[derive(Deserialize)]
struct Written<'a>(#[serde(borrow)] Cow<'a, str>);

/// The elements of a list; none: it is none.
fn items_of(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// A text value that is plain.
fn plain(value: &RawValue) -> Option<&str> {
    value.get().strip_prefix('"')?.strip_suffix('"').filter(|text| is_plain(text))
}

/// The same wherever it becomes a part of another text, JSON within JSON too.
fn is_plain(text: &str) -> bool {
    let is_itself = |byte: u8| (byte == b' ' || byte.is_ascii_graphic()) && !matches!(byte, b'"' | b'\\' | b'$');
    (1..=LONGEST_VALUE).contains(&text.len()) && text.bytes().all(is_itself)
}

fn is_part(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && part.len() <= LONGEST_NAME
}

fn is_host_name(text: &str) -> bool {
    text.len() <= LONGEST_HOST_NAME
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

/// With a dot it could be another kind of unit.
fn is_unit_name(text: &str) -> bool {
    (1..=LONGEST_NAME / 2).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
#[path = "bundle_form_test.rs"]
mod tests;
