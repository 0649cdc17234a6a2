//! Seccomp: system calls that the program has no use for fail.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

use super::Measure;

/// What starts programs, looks into other processes, changes what the process sees of the system, goes
/// past this filter, or administers the system.
const DENIED: &[libc::c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_fanotify_mark,
    // Its requests are system calls that no filter sees.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
];

/// A thread may be made with none of these: each is a namespace of its own.
const NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// Filters the calls of the calling thread and of all that it starts.
pub(super) fn filter() -> Measure {
    Measure {
        name: "seccomp",
        denies: "no program is started, no process traced, nothing mounted, no namespace made, and no key, module or clock touched",
        lacking: apply().err(),
    }
}

fn apply() -> Result<(), String> {
    let mut denied: BTreeMap<i64, Vec<SeccompRule>> =
        DENIED.iter().map(|&call| (call, Vec::new())).collect();
    let namespaces = NAMESPACES.map(|flag| namespace(flag as u64));
    denied.insert(
        libc::SYS_clone,
        namespaces.into_iter().collect::<Result<_, _>>()?,
    );
    install(denied, libc::EPERM)?;
    // Its flags lie in memory, where no filter sees them. The C library takes `clone` where the system
    // does not know this one.
    install(
        BTreeMap::from([(libc::SYS_clone3, Vec::new())]),
        libc::ENOSYS,
    )
}

/// Returns the rule for `clone` with this flag.
fn namespace(flag: u64) -> Result<SeccompRule, String> {
    let is_set = SeccompCmpOp::MaskedEq(flag);
    SeccompCondition::new(0, SeccompCmpArgLen::Qword, is_set, flag)
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|error| error.to_string())
}

/// Has these calls fail with this error.
fn install(calls: BTreeMap<i64, Vec<SeccompRule>>, error: libc::c_int) -> Result<(), String> {
    let words = |error: &dyn std::error::Error| error.to_string();
    let architecture = std::env::consts::ARCH
        .try_into()
        .map_err(|error: seccompiler::BackendError| words(&error))?;
    let filter = SeccompFilter::new(
        calls,
        SeccompAction::Allow,
        SeccompAction::Errno(error.unsigned_abs()),
        architecture,
    )
    .map_err(|error| words(&error))?;
    let program: BpfProgram = filter
        .try_into()
        .map_err(|error: seccompiler::BackendError| words(&error))?;
    apply_filter(&program).map_err(|error| words(&error))
}

#[cfg(test)]
#[expect(unsafe_code, reason = "it makes the calls that are to fail")]
mod tests {
    use super::*;

    /// Calls the system with arguments that do no harm where it lets them pass.
    fn failure(call: libc::c_long, first: libc::c_long) -> Option<i32> {
        // SAFETY: the pointers are null or invalid, and the system checks them.
        match unsafe { libc::syscall(call, first, 0, 0, 0, 0, 0) } {
            -1 => std::io::Error::last_os_error().raw_os_error(),
            _ => None,
        }
    }

    /// The filter is that of the thread, so that the test's own ends with it.
    fn confined<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = std::thread::spawn(|| {
            apply().unwrap();
            work()
        });
        thread.join().unwrap()
    }

    #[test]
    fn each_denied_call_fails() {
        confined(|| {
            for &call in DENIED {
                assert_eq!(failure(call, 0), Some(libc::EPERM), "call {call}");
            }
        });
    }

    #[test]
    fn no_namespace_is_made_with_a_process() {
        confined(|| {
            for flag in NAMESPACES {
                let flags = flag | libc::SIGCHLD;
                let failed = failure(libc::SYS_clone, flags.into());
                if failed.is_none() {
                    // This may be the child.
                    std::process::abort();
                }
                assert_eq!(failed, Some(libc::EPERM), "flag {flag:x}");
            }
            assert_eq!(failure(libc::SYS_clone3, 0), Some(libc::ENOSYS));
        });
    }

    #[test]
    fn what_the_program_needs_goes_on() {
        let answer = confined(|| {
            std::fs::read("/proc/self/status").unwrap();
            std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            std::thread::spawn(|| 7).join().unwrap()
        });
        assert_eq!(answer, 7);
    }
}
