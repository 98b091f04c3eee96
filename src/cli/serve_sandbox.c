/* What the server gives up before it opens a door, so that a mistake in it cannot be made into
 * more: no new rights, no core files, and no system calls that it has no use for. Calls are
 * refused, not answered by death: a library that tries one goes on without it. */
#include "cli/serve_parts.h"

#include "base/log.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define LOAD(member)                                                                               \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, member))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define REFUSE(reason) ANSWER(SECCOMP_RET_ERRNO | (reason))
/* The next statement only for the call, or the value, of this number. */
#define WHEN(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1)
#define WHEN_NOT(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 1, 0)
#define DENY(name) WHEN(__NR_##name), REFUSE(EPERM)

#ifdef OWN_ARCHITECTURE
static struct sock_filter filter[] = {
    LOAD(arch),
    WHEN_NOT(OWN_ARCHITECTURE),
    REFUSE(ENOSYS),
    LOAD(nr),
#ifdef __x86_64__
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000U, 0, 1), /* the x32 calls */
    REFUSE(ENOSYS),
    DENY(fork),
    DENY(vfork),
    DENY(modify_ldt),
    DENY(iopl),
    DENY(ioperm),
#endif
    /* programs and other processes */
    DENY(execve),
    DENY(execveat),
    DENY(ptrace),
    DENY(process_vm_readv),
    DENY(process_vm_writev),
    DENY(kcmp),
    /* file systems and namespaces */
    DENY(mount),
    DENY(umount2),
    DENY(pivot_root),
    DENY(chroot),
    DENY(setns),
    DENY(unshare),
    DENY(mknodat),
    DENY(open_by_handle_at),
    /* the kernel */
    DENY(init_module),
    DENY(finit_module),
    DENY(delete_module),
    DENY(kexec_load),
    DENY(bpf),
    DENY(perf_event_open),
    DENY(userfaultfd),
    DENY(reboot),
    DENY(swapon),
    DENY(swapoff),
    DENY(settimeofday),
    DENY(clock_settime),
    DENY(sethostname),
    DENY(add_key),
    DENY(keyctl),
    DENY(request_key),
    DENY(acct),
    DENY(quotactl),
    /* rights */
    DENY(setuid),
    DENY(setgid),
    DENY(setreuid),
    DENY(setregid),
    DENY(setresuid),
    DENY(setresgid),
    DENY(setgroups),
    DENY(capset),
/* Threads, but no processes. What clone3 makes cannot be seen here; without it the C library
 * takes clone, whose flags can. */
#ifdef __NR_clone3
    WHEN(__NR_clone3),
    REFUSE(ENOSYS),
#endif
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 4),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1),
    ANSWER(SECCOMP_RET_ALLOW),
    REFUSE(EPERM),
    /* the network, this machine's sockets, and the question which addresses it has */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 6),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0),
    REFUSE(EAFNOSUPPORT),
    ANSWER(SECCOMP_RET_ALLOW),
};
#endif

/* The sanitizers watch their own process by these very calls. */
static bool is_watched(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return true;
#else
    return false;
#endif
#else
    return false;
#endif
}

static bool refuse_calls(void)
{
#ifdef OWN_ARCHITECTURE
    struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
    return false;
#endif
}

void serve_give_up_rights(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && !is_watched() && !refuse_calls()) {
        log_event(LOG_WARNING, "serve.sandbox",
                  "problem=\"this kernel takes no filter of system calls\"");
    }
}

size_t serve_allow_connections(size_t wanted)
{
    enum { OTHER_FILES = 256 }; /* the database, calls to WhatsApp, uploads */
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return wanted;
    }
    if (files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    size_t most = files.rlim_cur > 2 * OTHER_FILES ? (size_t)files.rlim_cur - OTHER_FILES
                                                   : (size_t)files.rlim_cur / 2;
    return wanted < most ? wanted : most;
}
