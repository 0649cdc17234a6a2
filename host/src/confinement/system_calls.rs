//! Seccomp: system calls that the program has no use for fail. Those of ordinary programs are let through, and of
//! these some only with arguments that ordinary programs give; see `ordinary` for the list.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

use super::Measure;
use super::ordinary::{EVERYWHERE, HERE};

/// What starts programs, looks into other processes, changes what the process sees of the system, goes
/// past this filter, or administers the system. None of it is ordinary; that it is not permitted says more than that
/// the system has no such call.
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

/// The families of sockets: of this machine, of the Internet, and what the C library asks for addresses.
const SOCKETS: [libc::c_int; 4] = [
    libc::AF_UNIX,
    libc::AF_INET,
    libc::AF_INET6,
    libc::AF_NETLINK,
];

/// What types into somebody's terminal: `TIOCSTI` and `TIOCLINUX`, whose types differ between C libraries.
const TYPING: [u64; 2] = [0x5412, 0x541c];

/// Filters the calls of the calling thread and of all that it starts.
pub(super) fn filter() -> Measure {
    Measure {
        name: "seccomp",
        denies: "the system is asked for nothing but what ordinary programs ask for: no program is started, no process traced, nothing mounted, no namespace made, no key, module or clock touched, and no socket opened but those of IP, Unix and netlink",
        lacking: apply().err(),
    }
}

/// Has nobody listened for. A socket without a port gets one when it listens, which Landlock does not see.
pub(super) fn close_ports() -> Measure {
    let listen = BTreeMap::from([(libc::SYS_listen, Vec::new())]);
    Measure {
        name: "listening",
        denies: "nobody is listened for, on whatever kind of socket",
        lacking: deny(listen, libc::EACCES).err(),
    }
}

fn apply() -> Result<(), String> {
    // The last filter that denies a call says with which error.
    let ordinary = EVERYWHERE.iter().chain(HERE);
    install(
        ordinary.map(|&call| (call, Vec::new())).collect(),
        [
            SeccompAction::Allow,
            SeccompAction::Errno(errno(libc::ENOSYS)),
        ],
    )?;
    let mut denied: BTreeMap<i64, Vec<SeccompRule>> =
        DENIED.iter().map(|&call| (call, Vec::new())).collect();
    // Of `clone3` the flags lie in memory, where no filter sees them, so it is not ordinary: the C library takes
    // `clone` where the system does not know that one.
    let namespaces = NAMESPACES.map(|flag| {
        let flag = flag as u64;
        rule(&[(0, SeccompCmpOp::MaskedEq(flag), flag)])
    });
    denied.insert(libc::SYS_clone, all(namespaces)?);
    let typing = TYPING.map(|request| rule(&[(1, SeccompCmpOp::Eq, request)]));
    denied.insert(libc::SYS_ioctl, all(typing)?);
    deny(denied, libc::EPERM)?;
    let other = SOCKETS.map(|family| (0, SeccompCmpOp::Ne, family as u64));
    let sockets = BTreeMap::from([(libc::SYS_socket, vec![rule(&other)?])]);
    deny(sockets, libc::EAFNOSUPPORT)
}

/// Returns the rule for calls of which all these arguments, by their places, compare so.
fn rule(arguments: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, String> {
    let words = |error: seccompiler::BackendError| error.to_string();
    let conditions = arguments.iter().map(|(place, how, value)| {
        // The upper half of these is nothing to the system.
        let length = match how {
            SeccompCmpOp::MaskedEq(_) => SeccompCmpArgLen::Qword,
            _ => SeccompCmpArgLen::Dword,
        };
        SeccompCondition::new(*place, length, how.clone(), *value)
    });
    let conditions = conditions.collect::<Result<_, _>>().map_err(words)?;
    SeccompRule::new(conditions).map_err(words)
}

fn all<const COUNT: usize>(
    rules: [Result<SeccompRule, String>; COUNT],
) -> Result<Vec<SeccompRule>, String> {
    rules.into_iter().collect()
}

fn errno(error: libc::c_int) -> u32 {
    error.unsigned_abs()
}

/// Has these calls fail with this error.
fn deny(calls: BTreeMap<i64, Vec<SeccompRule>>, error: libc::c_int) -> Result<(), String> {
    install(
        calls,
        [SeccompAction::Errno(errno(error)), SeccompAction::Allow],
    )
}

/// Does the one to these calls and the other to all others.
fn install(
    calls: BTreeMap<i64, Vec<SeccompRule>>,
    [to_these, to_others]: [SeccompAction; 2],
) -> Result<(), String> {
    let words = |error: &dyn std::error::Error| error.to_string();
    let architecture = std::env::consts::ARCH
        .try_into()
        .map_err(|error: seccompiler::BackendError| words(&error))?;
    let filter = SeccompFilter::new(calls, to_others, to_these, architecture)
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
    fn every_call_that_is_not_ordinary_fails_as_if_there_were_none() {
        confined(|| {
            let mut count = 0;
            // With this bit, a processor that has it takes the calls of another convention.
            for convention in [0, 0x4000_0000] {
                for call in (0..600).map(|number| number | convention) {
                    // The kernel itself jumps to these for whoever traces functions; no filter is asked, and
                    // for everybody else they are no instructions.
                    if cfg!(target_arch = "x86_64") && [335, 336].contains(&(call & 0xffff)) {
                        continue;
                    }
                    let is_known = [EVERYWHERE, HERE, DENIED]
                        .iter()
                        .any(|list| list.contains(&call));
                    if !is_known {
                        assert_eq!(failure(call, 0), Some(libc::ENOSYS), "call {call}");
                        count += 1;
                    }
                }
            }
            assert!(count > 600, "{count}");
        });
        for call in EVERYWHERE.iter().chain(HERE) {
            assert!(!DENIED.contains(call), "call {call}");
        }
    }

    #[test]
    fn sockets_are_of_ordinary_families_and_nobodys_terminal_is_typed_into() {
        confined(|| {
            for family in 0..64 {
                // SAFETY: it has no pointers.
                let opened = unsafe { libc::socket(family, libc::SOCK_DGRAM, 0) };
                let error = std::io::Error::last_os_error().raw_os_error();
                match SOCKETS.contains(&family) {
                    true => assert!(opened >= 0, "family {family}: {error:?}"),
                    false => {
                        assert_eq!((opened, error), (-1, Some(libc::EAFNOSUPPORT)), "{family}")
                    }
                }
            }
            for request in TYPING {
                // SAFETY: the descriptor is none, and the pointer null.
                let typed = unsafe { libc::ioctl(-1, request as _, 0) };
                let error = std::io::Error::last_os_error().raw_os_error();
                assert_eq!((typed, error), (-1, Some(libc::EPERM)));
            }
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
