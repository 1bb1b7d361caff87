//! Where this user's containers are: the rules of `stateDirectories` in `lib/host/process.ts`; one table tests both.

use masu_wire::lifecycle::Store;

/// What decides it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller<'a> {
    /// geteuid(2).
    pub uid: u32,
    /// Whether its user namespace is another than the system's first.
    pub in_user_namespace: bool,
    /// `--root`, made absolute.
    pub root: Option<&'a str>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime: Option<&'a str>,
    /// `XDG_DATA_HOME`.
    pub data: Option<&'a str>,
    /// `HOME`, or for all but root the home directory by passwd(5).
    pub home: Option<&'a str>,
}

/// Root's are under /run and /var/lib, others' under their XDG directories. None: a user without a home directory.
///
/// What lasts is below `--root` too: a container that could be seen from two runtime directories could be started in both.
///
/// Root of a user namespace that an ordinary user made, as rootless Podman runs its runtime, is that user: known by a runtime
/// directory that is not root's. Engines give some commands this one variable only.
///
/// Source: XDG Base Directory Specification: a relative path in these variables is ignored.
#[must_use]
pub fn store_of(caller: Caller<'_>) -> Option<Store> {
    match caller.root {
        Some(root) => Some(Store { runtime: root.to_owned(), data: format!("{root}/data") }),
        None if caller.uid == 0 => Some(roots_own(caller)),
        None => users_own(caller),
    }
}

/// `XDG_RUNTIME_DIR` of root, by pam_systemd(8).
const ROOTS_OWN: &str = "/run/user/0";

fn roots_own(caller: Caller<'_>) -> Store {
    let of_user = absolute(caller.runtime).filter(|runtime| caller.in_user_namespace && *runtime != ROOTS_OWN);
    let Some(runtime) = of_user else {
        return Store { runtime: "/run/masu".to_owned(), data: "/var/lib/masu".to_owned() };
    };
    users_own(caller)
        .unwrap_or_else(|| Store { runtime: format!("{runtime}/masu"), data: format!("{runtime}/masu/data") })
}

fn users_own(Caller { runtime, data, home, .. }: Caller<'_>) -> Option<Store> {
    let share = absolute(data).map(ToOwned::to_owned).or_else(|| home.map(|home| format!("{home}/.local/share")))?;
    let runtime = absolute(runtime).map_or_else(|| format!("{share}/masu/run"), |runtime| format!("{runtime}/masu"));
    Some(Store { runtime, data: format!("{share}/masu") })
}

/// Without the slashes at its end; none unless it is absolute.
fn absolute(path: Option<&str>) -> Option<&str> {
    path.filter(|path| path.starts_with('/') && *path != "/").map(|path| path.trim_end_matches('/'))
}

/// The home directory of a user id: passwd(5).
#[must_use]
pub fn home_of(passwd: &str, uid: u32) -> Option<&str> {
    let uid = uid.to_string();
    passwd.split('\n').find_map(|line| {
        let mut fields = line.split(':');
        (fields.nth(2)? == uid).then(|| fields.nth(2)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        uid: u32,
        #[serde(default = "yes", rename = "initialUserNamespace")]
        initial_user_namespace: bool,
        root: Option<String>,
        environment: BTreeMap<String, String>,
        home: Option<String>,
        expected: Option<Store>,
    }

    fn yes() -> bool {
        true
    }

    #[test]
    fn store_of_is_what_the_table_says() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../../lib/host/state_directories.json")).unwrap();
        assert!(cases.len() > 5);
        for case in &cases {
            let variable = |name| case.environment.get(name).map(String::as_str);
            let store = store_of(Caller {
                uid: case.uid,
                in_user_namespace: !case.initial_user_namespace,
                root: case.root.as_deref(),
                runtime: variable("XDG_RUNTIME_DIR"),
                data: variable("XDG_DATA_HOME"),
                home: if case.uid == 0 { variable("HOME") } else { case.home.as_deref() },
            });
            let shown = |store: Option<&Store>| store.map(|store| [store.runtime.clone(), store.data.clone()]);
            assert_eq!(shown(store.as_ref()), shown(case.expected.as_ref()), "{}", case.name);
        }
    }

    #[test]
    fn home_of_finds_it_by_number_alone() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\n100:x:5:5::/odd:/bin/sh\nalice:x:100:100:A,B:/home/alice:\nbroken:x:7\n";
        assert_eq!((home_of(passwd, 100), home_of(passwd, 7), home_of(passwd, 8)), (Some("/home/alice"), None, None));
    }
}
