//! A program that a document describes, as [`ExecOptions`]: the steps of the container's own program, changed where the document says so.

use masu_steps::failure::failed;
use masu_sys::credential;
use masu_wire::container::ContainerRecord;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::ExecOptions;
use masu_wire::plan::{Namespace, SecurityModule, StageStep};

use crate::exec_document::{Capabilities, ProcessDocument, Rlimit, Scheduler, User, wrong};

/// What the options say once their document is read; none: they have no document.
///
/// Errors: `invalid_config` the document is wrong, or wants what the container forbids.
pub(crate) fn resolved(record: &ContainerRecord, options: &ExecOptions) -> Result<Option<ExecOptions>, CoreError> {
    let Some(document) = &options.process else { return Ok(None) };
    let mut document = ProcessDocument::read(document)?;
    if let Some(sets) = &mut document.capabilities {
        narrow(sets, record.masu.exec.namespaces.contains(&Namespace::User))?;
    }
    let steps = document_steps(&record.masu.exec.steps, &document)?;
    let size = document.console_size.as_ref().map(|size| [size.height, size.width]);
    let has_terminal = document.terminal || options.terminal.is_some();
    Ok(Some(ExecOptions {
        arguments: document.args,
        environment: Vec::new(),
        directory: Some(document.cwd),
        terminal: has_terminal.then(|| size.or(options.terminal).unwrap_or_default()),
        steps: Some(steps),
        ..options.clone()
    }))
}

/// In a user namespace of its own the program can have all that the kernel knows, otherwise what this process has. capabilities(7)
fn narrow(sets: &mut Capabilities, in_user_namespace: bool) -> Result<(), CoreError> {
    let own = credential::capabilities().map_err(|error| failed("Read this process's capabilities", error))?.effective;
    sets.narrow(|number| {
        if in_user_namespace { credential::is_in_bounding_set(number).is_ok() } else { own & (1 << number) != 0 }
    });
    Ok(())
}

/// The filter stays the container's, whatever the document says of it: it has no key for one.
fn document_steps(template: &[StageStep], document: &ProcessDocument) -> Result<Vec<StageStep>, CoreError> {
    let forbids = template.iter().any(|step| matches!(step, StageStep::NoNewPrivileges));
    if document.no_new_privileges == Some(false) && forbids {
        return Err(wrong("noNewPrivileges", "the container forbids new privileges"));
    }
    let mut added = added_steps(document);
    let mut steps: Vec<StageStep> =
        document.oom_score_adj.map(|value| StageStep::SetOomScoreAdj { value }).into_iter().collect();
    let mut is_whole = false;
    for step in template {
        if added.iter().any(|added| replaces(added, step)) {
            continue;
        }
        match step {
            StageStep::SetOomScoreAdj { .. } if document.oom_score_adj.is_some() => {}
            StageStep::SetUmask { mask } => {
                steps.push(StageStep::SetUmask { mask: document.user.umask.unwrap_or(*mask) });
            }
            // What takes rights is done before any is given up.
            StageStep::SetBoundingSet { keep } => {
                is_whole = true;
                steps.append(&mut added);
                let bounding = document.capabilities.as_ref().map_or(keep, |sets| &sets.bounding);
                steps.push(StageStep::SetBoundingSet { keep: bounding.clone() });
            }
            StageStep::SetUser { groups, .. } => steps.push(set_user(&document.user, groups.as_ref())?),
            StageStep::SetCapabilities { .. } => {
                steps.push(document.capabilities.as_ref().map_or_else(|| step.clone(), set_capabilities));
            }
            StageStep::Execute { arguments, .. } => steps.push(StageStep::Execute {
                arguments: arguments.clone(),
                environment: document.env.clone(),
                reaper: false,
                home: Some(true),
            }),
            step => steps.push(step.clone()),
        }
    }
    if !is_whole {
        return Err(CoreError::bug("Execute a program: the container's record has no step \"set_bounding_set\""));
    }
    if document.no_new_privileges == Some(true) && !forbids { forbid_new_privileges(steps) } else { Ok(steps) }
}

/// What the document says besides user, capabilities and program.
fn added_steps(document: &ProcessDocument) -> Vec<StageStep> {
    let mut steps: Vec<StageStep> = document.rlimits.iter().map(set_rlimit).collect();
    steps.extend(document.scheduler.as_ref().map(set_scheduler));
    steps.extend(
        document
            .io_priority
            .as_ref()
            .map(|io| StageStep::SetIoPriority { class: io.class as u32, priority: io.priority }),
    );
    let cpus = document.exec_cpu_affinity.as_ref().map(|affinity| affinity.last.clone());
    steps.extend(cpus.filter(|cpus| !cpus.is_empty()).map(|cpus| StageStep::SetAffinity { cpus }));
    let labels =
        [(SecurityModule::Apparmor, &document.apparmor_profile), (SecurityModule::Selinux, &document.selinux_label)];
    steps.extend(
        labels
            .into_iter()
            .filter(|(_, label)| !label.is_empty())
            .map(|(module, label)| StageStep::SetSecurityLabel { module, label: label.clone() }),
    );
    steps
}

/// Whether a step of the document stands for one of the container's. All limits are replaced by any.
fn replaces(added: &StageStep, own: &StageStep) -> bool {
    match (added, own) {
        (StageStep::SetSecurityLabel { module, .. }, StageStep::SetSecurityLabel { module: other, .. }) => {
            module == other
        }
        (StageStep::SetRlimit { .. }, StageStep::SetRlimit { .. })
        | (StageStep::SetScheduler { .. }, StageStep::SetScheduler { .. })
        | (StageStep::SetIoPriority { .. }, StageStep::SetIoPriority { .. })
        | (StageStep::SetAffinity { .. }, StageStep::SetAffinity { .. }) => true,
        _ => false,
    }
}

fn set_rlimit(Rlimit { kind, soft, hard }: &Rlimit) -> StageStep {
    StageStep::SetRlimit { resource: kind.clone(), soft: *soft, hard: *hard }
}

fn set_scheduler(scheduler: &Scheduler) -> StageStep {
    let &Scheduler { policy, nice, priority, ref flags, runtime, deadline, period } = scheduler;
    let flags = flags.iter().fold(0, |bits, flag| bits | *flag as u64);
    StageStep::SetScheduler { policy: policy as u32, nice, priority, flags, runtime, deadline, period }
}

/// user_namespaces(7): who cannot map groups cannot give any.
fn set_user(user: &User, own: Option<&Vec<u32>>) -> Result<StageStep, CoreError> {
    let further = &user.additional_gids;
    if own.is_none() && !further.is_empty() {
        return Err(wrong("user.additionalGids", "the container's user namespace denies setgroups(2)"));
    }
    Ok(StageStep::SetUser { uid: user.uid, gid: user.gid, groups: own.map(|_| further.clone()) })
}

fn set_capabilities(sets: &Capabilities) -> StageStep {
    StageStep::SetCapabilities {
        effective: sets.effective.clone(),
        permitted: sets.permitted.clone(),
        inheritable: sets.inheritable.clone(),
        ambient: sets.ambient.clone(),
    }
}

/// The filter comes last then, as for any program that gets no new privileges: it has to let nothing pass but execve(2).
fn forbid_new_privileges(steps: Vec<StageStep>) -> Result<Vec<StageStep>, CoreError> {
    let (filters, mut rest): (Vec<_>, Vec<_>) =
        steps.into_iter().partition(|step| matches!(step, StageStep::LoadFilter { .. }));
    let Some(at) = rest.iter().position(|step| matches!(step, StageStep::Execute { .. })) else {
        return Err(CoreError::new(ErrorCode::Bug, "Execute a program: the container's record has no step for it"));
    };
    rest.splice(at..at, std::iter::once(StageStep::NoNewPrivileges).chain(filters));
    Ok(rest)
}

#[cfg(test)]
#[path = "exec_document_steps_test.rs"]
mod tests;
