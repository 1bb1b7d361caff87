//! Reads an OCI profile. OCI runtime-spec, config-linux.md, "Seccomp".

use masu_wire::error::{CoreError, ErrorCode};
use serde_json::{Map, Value};

use crate::abi::{ARCHITECTURES, Abi, Row};
use crate::program::{Listener, flag, verdict};
use crate::syscalls::SYSCALLS;

/// A profile without a mistake.
pub(crate) struct Profile {
    /// What happens to a call that no rule matches: a `SECCOMP_RET_*` value.
    pub(crate) default: u32,
    /// Besides the machine's own.
    pub(crate) abis: Vec<Abi>,
    /// `SECCOMP_FILTER_FLAG_*` bits.
    pub(crate) flags: u32,
    /// In the profile's order.
    pub(crate) rules: Vec<Rule>,
    /// Of a profile that asks one.
    pub(crate) listener: Option<Listener>,
}

/// One entry of `syscalls`.
pub(crate) struct Rule {
    /// Its place in that list.
    pub(crate) at: usize,
    /// Its key, for messages.
    pub(crate) key: String,
    /// The named calls that any ABI knows.
    pub(crate) calls: Vec<&'static Row>,
    /// A `SECCOMP_RET_*` value.
    pub(crate) action: u32,
    /// One of these lists must hold as a whole.
    pub(crate) alternatives: Vec<Vec<Condition>>,
}

/// A comparison of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    /// 0 to 5.
    pub(crate) argument: u32,
    pub(crate) comparison: Comparison,
    /// All ones unless the comparison is [`Comparison::Masked`].
    pub(crate) mask: u64,
    pub(crate) value: u64,
}

/// seccomp_rule_add(3), `enum scmp_compare`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    NotEqual,
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
    Masked,
}

const ACTIONS: [(&str, u32); 9] = [
    ("SCMP_ACT_KILL", verdict::KILL_THREAD),
    ("SCMP_ACT_KILL_PROCESS", verdict::KILL_PROCESS),
    ("SCMP_ACT_KILL_THREAD", verdict::KILL_THREAD),
    ("SCMP_ACT_TRAP", verdict::TRAP),
    ("SCMP_ACT_ERRNO", verdict::ERRNO),
    ("SCMP_ACT_TRACE", verdict::TRACE),
    ("SCMP_ACT_ALLOW", verdict::ALLOW),
    ("SCMP_ACT_LOG", verdict::LOG),
    (NOTIFY, verdict::NOTIFY),
];
const NOTIFY: &str = "SCMP_ACT_NOTIFY";

const COMPARISONS: [(&str, Comparison); 7] = [
    ("SCMP_CMP_NE", Comparison::NotEqual),
    ("SCMP_CMP_LT", Comparison::Less),
    ("SCMP_CMP_LE", Comparison::LessOrEqual),
    ("SCMP_CMP_EQ", Comparison::Equal),
    ("SCMP_CMP_GE", Comparison::GreaterOrEqual),
    ("SCMP_CMP_GT", Comparison::Greater),
    ("SCMP_CMP_MASKED_EQ", Comparison::Masked),
];

/// linux/seccomp.h. Some go with a listener only, others without one only: see [`flags`].
const FLAGS: [(&str, u32); 4] = [
    ("SECCOMP_FILTER_FLAG_TSYNC", flag::TSYNC),
    ("SECCOMP_FILTER_FLAG_LOG", flag::LOG),
    ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", flag::SPEC_ALLOW),
    ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", flag::WAIT_KILLABLE_RECV),
];

/// errno(3), the default of `errnoRet` and `defaultErrnoRet`.
const EPERM: u64 = 1;
/// linux/err.h, `MAX_ERRNO`: the kernel would return this instead of anything larger.
const MAX_ERRNO: u64 = 4095;

/// Reads the whole profile. Unknown keys are ignored, as the specification demands ("Extensibility").
pub(crate) fn read(document: &Value) -> Result<Profile, CoreError> {
    let root = Object::new(document, "linux.seccomp".to_owned())?;
    let mut abis = Vec::new();
    for name in root.texts("architectures")? {
        abis.extend(pick(&root.key("architectures"), name, &ARCHITECTURES, "architecture")?);
    }
    let mut flags = 0;
    for name in root.texts("flags")? {
        flags |= pick(&root.key("flags"), name, &FLAGS, "flag")?;
    }
    let default = action(&root, "defaultAction", "defaultErrnoRet")?;
    if default == verdict::NOTIFY {
        return Err(root.wrong("defaultAction", "a listener can be asked about named calls only").with_hint(
            "name the calls in a rule with SCMP_ACT_NOTIFY: by default even those that start the program would wait for it",
        ));
    }
    let rules: Vec<Rule> = root.objects("syscalls")?.iter().enumerate().map(rule).collect::<Result<_, _>>()?;
    let listener = match rules.iter().find(|rule| rule.action == verdict::NOTIFY) {
        Some(asking) => Some(listener(&root, asking)?),
        None => None,
    };
    Ok(Profile { default, abis, flags: self::flags(flags, listener.is_some()), rules, listener })
}

/// Whom a rule asks.
fn listener(root: &Object<'_>, asking: &Rule) -> Result<Listener, CoreError> {
    let text = |name| root.get(name).map_or(Ok(""), |_| root.text(name));
    let (path, metadata) = (text("listenerPath")?.to_owned(), text("listenerMetadata")?.to_owned());
    if path.is_empty() {
        let message = format!("{NOTIFY} asks a listener, and there is no listenerPath");
        return Err(mistake(&format!("{}.action", asking.key), &message).with_hint(
            "name the socket of a seccomp agent as listenerPath, or use SCMP_ACT_ERRNO, SCMP_ACT_TRACE or SCMP_ACT_LOG",
        ));
    }
    Ok(Listener { path, metadata })
}

/// seccomp(2): WAIT_KILLABLE_RECV only with a listener. TSYNC not with one, and it changes nothing in a process with a single thread.
const fn flags(wanted: u32, listens: bool) -> u32 {
    if listens { wanted & !flag::TSYNC | flag::NEW_LISTENER } else { wanted & !flag::WAIT_KILLABLE_RECV }
}

fn rule((at, entry): (usize, &Object<'_>)) -> Result<Rule, CoreError> {
    let names = entry.texts("names")?;
    if names.is_empty() {
        return Err(entry.wrong("names", "at least one system call is required"));
    }
    // A name that no ABI knows is of another architecture or of a newer kernel: there is nothing to filter, as in runc.
    let calls = names.iter().filter_map(|name| find(name)).collect();
    let conditions: Vec<Condition> = entry.objects("args")?.iter().map(condition).collect::<Result<_, _>>()?;
    let repeated = conditions
        .iter()
        .enumerate()
        .any(|(at, one)| conditions[..at].iter().any(|other| other.argument == one.argument));
    // runc, crun: an argument that is named twice makes each comparison a rule of its own.
    let mut alternatives: Vec<Vec<Condition>> =
        if repeated { conditions.into_iter().map(|one| vec![one]).collect() } else { vec![conditions] };
    alternatives.iter_mut().for_each(|conditions| conditions.sort_by_key(|condition| condition.argument));
    Ok(Rule { at, key: entry.path.clone(), calls, action: action(entry, "action", "errnoRet")?, alternatives })
}

fn condition(entry: &Object<'_>) -> Result<Condition, CoreError> {
    let comparison = pick(&entry.key("op"), entry.text("op")?, &COMPARISONS, "comparison")?;
    let argument = match entry.number("index")? {
        Some(index @ 0..=5) => u32::try_from(index).unwrap_or_default(),
        _ => return Err(entry.wrong("index", "an argument's number, 0 to 5, is required")),
    };
    let Some(value) = entry.number("value")? else { return Err(entry.wrong("value", "a number is required")) };
    let second = entry.number("valueTwo")?.unwrap_or_default();
    Ok(match comparison {
        Comparison::Masked => Condition { argument, comparison, mask: value, value: second & value },
        _ => Condition { argument, comparison, mask: u64::MAX, value },
    })
}

/// The `SECCOMP_RET_*` value of an action and its errno.
fn action(entry: &Object<'_>, action: &str, errno: &str) -> Result<u32, CoreError> {
    let name = entry.text(action)?;
    let kind = pick(&entry.key(action), name, &ACTIONS, "action")?;
    let given = entry.number(errno)?;
    let largest = match kind {
        verdict::ERRNO => MAX_ERRNO,
        verdict::TRACE => u64::from(u16::MAX),
        _ if given.is_some() => return Err(entry.wrong(errno, &format!("\"{name}\" returns no errno"))),
        _ => return Ok(kind),
    };
    match given.unwrap_or(EPERM) {
        number if number <= largest => Ok(kind | u32::try_from(number).unwrap_or_default()),
        number => Err(entry.wrong(errno, &format!("{number} is more than {largest}"))),
    }
}

pub(crate) fn find(name: &str) -> Option<&'static Row> {
    SYSCALLS.binary_search_by(|row| row.name.cmp(name)).ok().map(|at| &SYSCALLS[at])
}

/// Looks a word up in its table.
fn pick<T: Copy>(key: &str, name: &str, table: &[(&str, T)], noun: &str) -> Result<T, CoreError> {
    if let Some((_, value)) = table.iter().find(|(known, _)| *known == name) {
        return Ok(*value);
    }
    let known: Vec<&str> = table.iter().map(|(known, _)| *known).collect();
    Err(mistake(key, &format!("unknown {noun} \"{name}\"")).with_hint(format!("use one of {}", known.join(", "))))
}

/// A person's mistake at a key of the profile.
pub(crate) fn mistake(key: &str, cause: &str) -> CoreError {
    CoreError::new(ErrorCode::InvalidConfig, format!("Compile \"{key}\": {cause}"))
}

/// A JSON object that knows where it is.
struct Object<'a> {
    fields: &'a Map<String, Value>,
    path: String,
}

impl<'a> Object<'a> {
    fn new(value: &'a Value, path: String) -> Result<Self, CoreError> {
        match value.as_object() {
            Some(fields) => Ok(Self { fields, path }),
            None => Err(mistake(&path, "an object is required")),
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    fn wrong(&self, name: &str, cause: &str) -> CoreError {
        mistake(&self.key(name), cause)
    }

    /// A field; `null` is as good as absent.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<&'a str, CoreError> {
        self.get(name).and_then(Value::as_str).ok_or_else(|| self.wrong(name, "a string is required"))
    }

    /// A number; decimal digits in a text where JavaScript would have rounded it.
    fn number(&self, name: &str) -> Result<Option<u64>, CoreError> {
        let number = |value: &Value| {
            let written = || value.as_str().and_then(|text| text.parse().ok());
            value
                .as_u64()
                .or_else(written)
                .ok_or_else(|| self.wrong(name, &format!("{value} is not an unsigned 64-bit integer")))
        };
        self.get(name).map(number).transpose()
    }

    fn list(&self, name: &str) -> Result<&'a [Value], CoreError> {
        match self.get(name).map(Value::as_array) {
            None => Ok(&[]),
            Some(Some(list)) => Ok(list),
            Some(None) => Err(self.wrong(name, "a list is required")),
        }
    }

    fn texts(&self, name: &str) -> Result<Vec<&'a str>, CoreError> {
        let text = |value: &'a Value| value.as_str().ok_or_else(|| self.wrong(name, &format!("{value} is no string")));
        self.list(name)?.iter().map(text).collect()
    }

    fn objects(&self, name: &str) -> Result<Vec<Object<'a>>, CoreError> {
        let object = |(at, value)| Object::new(value, format!("{}[{at}]", self.key(name)));
        self.list(name)?.iter().enumerate().map(object).collect()
    }
}
