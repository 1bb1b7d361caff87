//! Op `examine_filter`: a seccomp profile compiled to look at it, and to try calls on it.

use masu_seccomp::{Abi, Call, Counts, Examination, Instruction, Machine, Reason, listing};
use masu_steps::failure::failed;
use masu_sys::error::SysError;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::filter::{
    ExamineFilterReply, ExamineFilterRequest, FilterCall, FilterCount, FilterCounts, FilterReason, FilterVerdict,
};
use std::io::Write;

/// Compiles, writes and tries what is wanted.
pub fn examine_filter(request: ExamineFilterRequest) -> Result<ExamineFilterReply, CoreError> {
    let machine = Abi::of(&request.machine).map(Abi::machine).ok_or_else(|| {
        CoreError::new(ErrorCode::InvalidConfig, format!("Compile for machine {:?}: it is not known", request.machine))
    })?;
    let examination = Examination::new(&request.profile, machine)?;
    let instructions = &examination.program.instructions;
    if let Some(path) = &request.output {
        write(path, instructions)?;
    }
    let verdicts = request.calls.iter().map(|call| judge(&examination, machine, call)).collect::<Result<_, _>>()?;
    Ok(ExamineFilterReply {
        flags: examination.program.flags,
        instructions: narrow(instructions.len()),
        architectures: examination.counts()?.into_iter().map(counts).collect(),
        default_action: examination.default_action(),
        listing: if request.listing { listing(instructions, machine) } else { Vec::new() },
        verdicts,
    })
}

fn counts(Counts { abi, always, by_arguments }: Counts) -> FilterCounts {
    let always = always.into_iter().map(|(action, calls)| FilterCount { action, calls: narrow(calls) });
    FilterCounts { architecture: abi.name().to_owned(), always: always.collect(), by_arguments: narrow(by_arguments) }
}

/// Never more than a profile or a filter has.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn judge(examination: &Examination, machine: Machine, wanted: &FilterCall) -> Result<FilterVerdict, CoreError> {
    let wrong =
        |cause: String| CoreError::new(ErrorCode::InvalidConfig, format!("Try call {:?}: {cause}", wanted.call));
    let abi = match &wanted.architecture {
        Some(name) => Abi::of(name)
            .filter(|abi| abi.machine() == machine)
            .ok_or_else(|| wrong(format!("this machine has no architecture {name:?}")))?,
        None => *machine.abis().first().ok_or_else(|| wrong("this machine has no calls".to_owned()))?,
    };
    let number = Call::number_of(&wanted.call, abi).ok_or_else(|| {
        wrong(format!("architecture {} has no such call", abi.name())).with_hint("a number can be given, too")
    })?;
    let mut arguments = [0; 6];
    if wanted.arguments.len() > arguments.len() {
        return Err(wrong("a call has at most 6 arguments".to_owned()));
    }
    for (slot, text) in arguments.iter_mut().zip(&wanted.arguments) {
        *slot = text.parse().map_err(|_| wrong(format!("argument {text:?} is no 64-bit number")))?;
    }
    let call = Call { abi, number, arguments };
    let verdict = examination.judge(call)?;
    let (reason, rule) = match verdict.reason {
        Reason::Rule(at) => (FilterReason::Rule, Some(narrow(at))),
        Reason::Default => (FilterReason::Default, None),
        Reason::Newer => (FilterReason::Newer, None),
        Reason::Architecture => (FilterReason::Architecture, None),
    };
    Ok(FilterVerdict {
        architecture: abi.name().to_owned(),
        number,
        name: call.name().map(str::to_owned),
        action: verdict.action.to_owned(),
        data: verdict.data,
        reason,
        rule,
        executed: narrow(verdict.executed),
    })
}

/// linux/filter.h, `struct sock_filter`, in the byte order of every supported machine.
fn write(path: &str, instructions: &[Instruction]) -> Result<(), CoreError> {
    let mut bytes = Vec::with_capacity(instructions.len() * 8);
    for Instruction { code, jt, jf, k } in instructions {
        bytes.extend(code.to_le_bytes());
        bytes.extend([*jt, *jf]);
        bytes.extend(k.to_le_bytes());
    }
    let written = if path == "-" {
        let mut stdout = std::io::stdout();
        stdout.write_all(&bytes).and_then(|()| stdout.flush())
    } else {
        std::fs::write(path, &bytes)
    };
    written.map_err(|error| {
        failed(format!("Write the filter to {path:?}"), SysError::new("write", error.raw_os_error().unwrap_or(0)))
    })
}
