/*
 * floor: what the kernel alone needs for one plan. The same system calls as the plan's steps, from one small C program
 * that decides nothing, checks little and parses before the clock starts.
 *
 *   floor OPERATIONS RUNS      prints the microseconds from the first call to the program's execve, one run a line
 *
 * OPERATIONS has one operation a line, tab-separated, made by floor.ts from a plan:
 *   group  before | inside | afterwards             what follows belongs to it
 *   mkdir PATH MODE | write PATH TEXT | rmdir PATH | unlink PATH | rmtree PATH     (\n in TEXT is a newline)
 *   mount SOURCE TARGET TYPE FLAGS DATA | mknod PATH MODE MAJOR MINOR | symlink TARGET PATH | create PATH MODE
 *   hostname NAME | unshare FLAGS | loopback | pivot ROOT | setsid | keyring NAME
 *   bounding MASK | caps MASK | nnp | filter FILE | chdir PATH | umask MODE | rlimit N SOFT HARD | closerange
 *   clone FLAGS | into CGROUP | exec PROGRAM ARGUMENT...
 * An empty field is written "-".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIELDS 40
#define OPERATIONS 600

struct operation {
    char *field[FIELDS];
    int fields;
};

static struct operation before[OPERATIONS], inside[OPERATIONS], afterwards[OPERATIONS];
static int befores, insides, afters, into = -1, report[2];
static uint64_t clone_flags;
static struct sock_fprog filter;

static void die(const char *what, const char *object) {
    fprintf(stderr, "floor: %s \"%s\": %s\n", what, object ? object : "", strerror(errno));
    _exit(99);
}

static double microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void read_filter(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) < 0) die("Read", path);
    filter.filter = malloc(status.st_size);
    filter.len = status.st_size / sizeof(struct sock_filter);
    if (read(file, filter.filter, status.st_size) != status.st_size) die("Read", path);
    close(file);
}

static void unescape(char *text) {
    char *to = text;
    for (char *from = text; *from; from++) {
        if (from[0] == '\\' && from[1] == 'n') *to++ = '\n', from++;
        else *to++ = *from;
    }
    *to = 0;
}

static void read_operations(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) die("Read", path);
    struct operation *group = before;
    int *count = &befores;
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, file) > 0) {
        struct operation one = {0};
        char *rest = strdup(line), *word;
        rest[strcspn(rest, "\n")] = 0;
        while ((word = strsep(&rest, "\t")) && one.fields < FIELDS - 1) {
            unescape(word);
            one.field[one.fields++] = strcmp(word, "-") ? word : "";
        }
        if (!strcmp(one.field[0], "group")) {
            group = *one.field[1] == 'b' ? before : *one.field[1] == 'i' ? inside : afterwards;
            count = *one.field[1] == 'b' ? &befores : *one.field[1] == 'i' ? &insides : &afters;
        } else if (!strcmp(one.field[0], "clone")) clone_flags = strtoull(one.field[1], NULL, 0);
        else {
            if (!strcmp(one.field[0], "filter")) read_filter(one.field[1]);
            group[(*count)++] = one;
        }
    }
    fclose(file);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static void write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    size_t length = strlen(text);
    if (file < 0 || write(file, text, length) != (ssize_t)length) die("Write", path);
    close(file);
}

static void loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (ioctl(socket_, SIOCSIFFLAGS, &request) < 0) die("Up", "lo");
    close(socket_);
}

static void set_capabilities(uint64_t mask) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{mask, mask, 0}, {mask >> 32, mask >> 32, 0}};
    if (syscall(SYS_capset, &header, data) < 0) die("capset", NULL);
}

#define IS(name) (!strcmp(name, kind))
#define CHECK(call) do { if ((call) < 0) die(kind, f[1]); } while (0)

static void execute(const struct operation *one) {
    char *const *f = one->field;
    const char *kind = f[0];
    if (IS("mkdir")) { if (mkdir(f[1], strtoul(f[2], NULL, 8)) < 0 && errno != EEXIST) die(kind, f[1]); }
    else if (IS("write")) write_text(f[1], f[2]);
    else if (IS("rmdir")) { /* busy while a process leaves it, and for ever where others are below it */ for (int tries = 0; tries < 1000 && rmdir(f[1]) < 0 && errno == EBUSY; tries++) sched_yield(); }
    else if (IS("unlink")) unlink(f[1]);
    else if (IS("rmtree")) nftw(f[1], remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    else if (IS("mount")) CHECK(mount(f[1], f[2], f[3], strtoul(f[4], NULL, 0), *f[5] ? f[5] : NULL));
    else if (IS("trymount")) mount(f[1], f[2], f[3], strtoul(f[4], NULL, 0), *f[5] ? f[5] : NULL);
    else if (IS("mknod")) CHECK(mknod(f[1], strtoul(f[2], NULL, 8), makedev(atoi(f[3]), atoi(f[4]))));
    else if (IS("symlink")) { if (symlink(f[1], f[2]) < 0 && errno != EEXIST) die(kind, f[2]); }
    else if (IS("create")) { int file = open(f[1], O_CREAT | O_WRONLY | O_CLOEXEC, strtoul(f[2], NULL, 8)); CHECK(file); close(file); }
    else if (IS("hostname")) CHECK(sethostname(f[1], strlen(f[1])));
    else if (IS("unshare")) CHECK(unshare(strtoul(f[1], NULL, 0)));
    else if (IS("loopback")) loopback();
    else if (IS("pivot")) { CHECK(chdir(f[1])); CHECK(syscall(SYS_pivot_root, ".", ".")); CHECK(umount2(".", MNT_DETACH)); CHECK(chdir("/")); }
    else if (IS("setsid")) setsid();
    else if (IS("keyring")) syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, f[1]);
    else if (IS("bounding")) { uint64_t keep = strtoull(f[1], NULL, 0); for (int c = 0; c <= CAP_LAST_CAP; c++) if (!(keep >> c & 1)) prctl(PR_CAPBSET_DROP, c); }
    else if (IS("caps")) set_capabilities(strtoull(f[1], NULL, 0));
    else if (IS("nnp")) CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    else if (IS("filter")) CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
    else if (IS("chdir")) CHECK(chdir(f[1]));
    else if (IS("umask")) umask(strtoul(f[1], NULL, 8));
    else if (IS("rlimit")) { struct rlimit limit = {strtoull(f[2], NULL, 0), strtoull(f[3], NULL, 0)}; CHECK(setrlimit(atoi(f[1]), &limit)); }
    else if (IS("closerange")) syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
    else if (IS("into")) { into = open(f[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC); CHECK(into); }
    else if (IS("exec")) { char *environment[] = {"PATH=/bin:/usr/bin", NULL}; execve(f[1], f + 1, environment); die(kind, f[1]); }
    else die("Unknown operation", kind);
}

static double run(void) {
    into = -1;
    if (pipe2(report, O_CLOEXEC) < 0) die("pipe", NULL);
    double start = microseconds();
    for (int i = 0; i < befores; i++) execute(&before[i]);
    struct clone_args arguments = {.flags = clone_flags, .exit_signal = SIGCHLD};
    if (into >= 0) arguments.flags |= CLONE_INTO_CGROUP, arguments.cgroup = into;
    pid_t child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child < 0) die("clone3", NULL);
    if (child == 0) {
        for (int i = 0; i < insides; i++) execute(&inside[i]);
        _exit(98);
    }
    close(report[1]);
    char byte;
    read(report[0], &byte, 1); /* end of file: close-on-exec has closed the child's end */
    double executed = microseconds();
    close(report[0]);
    if (into >= 0) close(into);
    int status;
    waitpid(child, &status, 0);
    if (status) fprintf(stderr, "floor: the program ended with %#x\n", status), exit(1);
    for (int i = 0; i < afters; i++) execute(&afterwards[i]);
    return executed - start;
}

int main(int count, char **words) {
    if (count != 3) return fprintf(stderr, "usage: floor OPERATIONS RUNS\n"), 2;
    read_operations(words[1]);
    for (int i = atoi(words[2]); i > 0; i--) printf("%.1f\n", run());
    return 0;
}
