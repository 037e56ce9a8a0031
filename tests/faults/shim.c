// Counts the calls that change files below a directory, and lets one of them fail or kill its process.
//
// Preloaded (LD_PRELOAD). `fault_arm` is called by the process itself; FAULT_ROOT, FAULT_AT and FAULT_KIND arm a process from its start,
// if FAULT_COMMAND stands in its command line. The counter is shared with forked children.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char root[4096];
static int at = -1, kind, ready;
static int *seen;

void fault_arm(const char *directory, int nth, int number) {
    snprintf(root, sizeof root, "%s", directory);
    at = nth;
    kind = number;
    *seen = 0;
}

int fault_seen(void) { return *seen; }

__attribute__((constructor)) static void begin(void) {
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ready = 1;
    char *directory = getenv("FAULT_ROOT"), *nth = getenv("FAULT_AT"), *number = getenv("FAULT_KIND"), *command = getenv("FAULT_COMMAND");
    if (!directory || !nth || !number) return;
    if (command) {
        char line[4096];
        int file = open("/proc/self/cmdline", O_RDONLY);
        int length = file < 0 ? 0 : read(file, line, sizeof line - 1);
        if (file >= 0) close(file);
        for (int i = 0; i < length; i++) if (!line[i]) line[i] = ' ';
        line[length < 0 ? 0 : length] = 0;
        if (!strstr(line, command)) return;
    }
    fault_arm(directory, atoi(nth), atoi(number));
}

static int hit(int directory, const char *path) {
    if (!ready || at < 0 || !path) return 0;
    char whole[8192];
    if (path[0] != '/') {
        char base[4096];
        ssize_t length;
        if (directory == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
            if ((length = readlink(link, base, sizeof base - 1)) < 0) return 0;
            base[length] = 0;
        }
        snprintf(whole, sizeof whole, "%s/%s", base, path);
        path = whole;
    }
    if (strncmp(path, root, strlen(root))) return 0;
    if (__sync_add_and_fetch(seen, 1) != at) return 0;
    char *log = getenv("FAULT_LOG");
    if (log) {
        FILE *file = fopen(log, "a");
        if (file) { fprintf(file, "%s\n", path); fclose(file); }
    }
    if (kind == 0) raise(SIGKILL);
    errno = kind;
    return 1;
}

static int hit_file(int file) {
    if (!ready || at < 0) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return hit(AT_FDCWD, path);
}

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = dlsym(RTLD_NEXT, #name)

ssize_t write(int f, const void *b, size_t n) { REAL(ssize_t, write, int, const void *, size_t); return hit_file(f) ? -1 : real(f, b, n); }
int fsync(int f) { REAL(int, fsync, int); return hit_file(f) ? -1 : real(f); }
int fdatasync(int f) { REAL(int, fdatasync, int); return hit_file(f) ? -1 : real(f); }
int ftruncate(int f, off_t n) { REAL(int, ftruncate, int, off_t); return hit_file(f) ? -1 : real(f, n); }
int ftruncate64(int f, off_t n) { REAL(int, ftruncate64, int, off_t); return hit_file(f) ? -1 : real(f, n); }
int rename(const char *a, const char *b) { REAL(int, rename, const char *, const char *); return hit(AT_FDCWD, b) ? -1 : real(a, b); }
int renameat(int x, const char *a, int y, const char *b) { REAL(int, renameat, int, const char *, int, const char *); return hit(y, b) ? -1 : real(x, a, y, b); }
int mkdir(const char *a, mode_t m) { REAL(int, mkdir, const char *, mode_t); return hit(AT_FDCWD, a) ? -1 : real(a, m); }
int mkdirat(int x, const char *a, mode_t m) { REAL(int, mkdirat, int, const char *, mode_t); return hit(x, a) ? -1 : real(x, a, m); }
int unlink(const char *a) { REAL(int, unlink, const char *); return hit(AT_FDCWD, a) ? -1 : real(a); }
int unlinkat(int x, const char *a, int k) { REAL(int, unlinkat, int, const char *, int); return hit(x, a) ? -1 : real(x, a, k); }
int rmdir(const char *a) { REAL(int, rmdir, const char *); return hit(AT_FDCWD, a) ? -1 : real(a); }
int link(const char *a, const char *b) { REAL(int, link, const char *, const char *); return hit(AT_FDCWD, b) ? -1 : real(a, b); }
int linkat(int x, const char *a, int y, const char *b, int k) { REAL(int, linkat, int, const char *, int, const char *, int); return hit(y, b) ? -1 : real(x, a, y, b, k); }
int symlink(const char *a, const char *b) { REAL(int, symlink, const char *, const char *); return hit(AT_FDCWD, b) ? -1 : real(a, b); }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...); \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        if ((flags & O_CREAT) && hit(AT_FDCWD, path)) return -1; \
        return real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
#define OPENAT(name) \
    int name(int directory, const char *path, int flags, ...) { \
        REAL(int, name, int, const char *, int, ...); \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        if ((flags & O_CREAT) && hit(directory, path)) return -1; \
        return real(directory, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)
