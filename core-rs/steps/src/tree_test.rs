use super::*;
use masu_sys::mount::ms;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::PathBuf;

/// CLONE_NEWNS
const NEW_MOUNT_NAMESPACE: u32 = 0x2_0000;

/// A directory of this test alone, gone when the test ends, whatever is left in it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("masu-tree-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A failed test may leave what cannot be removed; the failure itself is what counts.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn remove_here_removes_a_deep_and_wide_tree_without_following_links() {
    let scratch = Scratch::new("deep");
    let outside = scratch.0.join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("kept"), "").unwrap();
    let top = scratch.0.join("top");
    let mut path = top.clone();
    for depth in 0..300 {
        path = path.join("d");
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join(format!("file{depth}")), "").unwrap();
        symlink(&outside, path.join("link")).unwrap();
    }
    for number in 0..500 {
        std::fs::create_dir_all(top.join(format!("wide{number}/x"))).unwrap();
    }
    remove_here(&top).unwrap();
    assert!(!top.exists());
    assert!(outside.join("kept").exists());
    remove_here(&top).unwrap();
}

#[test]
fn remove_here_opens_directories_without_permission_bits() {
    let scratch = Scratch::new("mode");
    let top = scratch.0.join("work");
    std::fs::DirBuilder::new().recursive(true).create(top.join("work/inner")).unwrap();
    std::fs::create_dir(top.join("readonly")).unwrap();
    std::fs::write(top.join("readonly/file"), "").unwrap();
    std::fs::set_permissions(top.join("work"), std::fs::Permissions::from_mode(0o000)).unwrap();
    std::fs::set_permissions(top.join("readonly"), std::fs::Permissions::from_mode(0o555)).unwrap();
    if rustix::process::geteuid().is_root() {
        // Without CAP_DAC_OVERRIDE, as an ordinary user.
        let program = std::env::current_exe().unwrap();
        std::os::unix::fs::chown(&scratch.0, Some(65534), Some(65534)).unwrap();
        for path in ["work", "work/work", "work/work/inner", "work/readonly", "work/readonly/file"] {
            std::os::unix::fs::chown(scratch.0.join(path), Some(65534), Some(65534)).unwrap();
        }
        let copy = scratch.0.join("test-program");
        std::fs::copy(program, &copy).unwrap();
        let output = std::os::unix::process::CommandExt::uid(&mut std::process::Command::new(copy), 65534)
            .args(["--exact", "tree::tests::remove_named_tree", "--ignored"])
            .env("MASU_TEST_TREE", &top)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    } else {
        remove_here(&top).unwrap();
    }
    assert!(!top.exists());
}

#[test]
#[ignore = "the part of the test above that runs as another user"]
fn remove_named_tree() {
    let Some(top) = std::env::var_os("MASU_TEST_TREE") else { return };
    remove_here(Path::new(&top)).unwrap();
}

#[test]
fn remove_here_refuses_a_link_in_the_place_of_the_tree() {
    let scratch = Scratch::new("link");
    std::fs::create_dir(scratch.0.join("victim")).unwrap();
    std::fs::write(scratch.0.join("victim/file"), "").unwrap();
    symlink("victim", scratch.0.join("top")).unwrap();
    let error = remove_here(&scratch.0.join("top")).unwrap_err();
    assert!(matches!(error.errno, ENOTDIR | ELOOP), "{error}");
    assert!(scratch.0.join("victim/file").exists());
}

#[test]
fn remove_here_does_not_enter_a_mount() {
    let scratch = Scratch::new("mount");
    let top = scratch.0.join("top");
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(top.join("a/mounted")).unwrap();
    std::fs::create_dir(scratch.0.join("other")).unwrap();
    std::fs::write(scratch.0.join("other/kept"), "").unwrap();
    let other = scratch.0.join("other");
    let test = move || {
        // The mount namespace is this thread's own and ends with it.
        masu_sys::namespace::unshare(NEW_MOUNT_NAMESPACE)?;
        masu_sys::mount::set_propagation("/", ms::PRIVATE | ms::REC)?;
        masu_sys::mount::bind(other.to_str().unwrap(), top.join("a/mounted").to_str().unwrap(), false)?;
        Ok::<_, SysError>(remove_here(&top).err())
    };
    match std::thread::spawn(test).join().unwrap() {
        Ok(error) => {
            assert!(matches!(error.unwrap().errno, EXDEV | EBUSY));
            assert!(scratch.0.join("other/kept").exists());
        }
        Err(reason) => println!("skipped: no private mounts here: {reason}"),
    }
}
