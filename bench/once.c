/*
 * once: runs a command once and prints what the operating system says of it, without the cost of a shell or runtime around it.
 *
 *   once COMMAND ARGUMENT...   prints "WALL_MICROSECONDS CPU_MICROSECONDS PEAK_KB STATUS"; the command's stdout goes to /dev/null
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static double cpu(const struct timeval *time) {
    return time->tv_sec * 1e6 + time->tv_usec;
}

int main(int count, char **words) {
    if (count < 2) return fprintf(stderr, "usage: once COMMAND ARGUMENT...\n"), 2;
    double start = microseconds();
    pid_t child = vfork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        if (null > 2) close(null);
        execvp(words[1], words + 1);
        _exit(127);
    }
    int status;
    struct rusage usage;
    wait4(child, &status, 0, &usage);
    printf("%.0f %.0f %ld %d\n", microseconds() - start, cpu(&usage.ru_utime) + cpu(&usage.ru_stime), usage.ru_maxrss,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
