// Loaded before the C library, this lets calls on database files fail as a disk would let them fail, while the file that FAILING_DISK names
// says so. It holds five words: a number that is another one for each order, the kinds of calls (r, w, s for sync), the error's number, how
// many such calls still succeed, and how many fail then (-1: all).

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_database(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, ".db") != NULL;
}

static int fails(int file, char kind) {
    static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
    static long known, counted;
    int error_before = errno, error = 0;
    const char *name = getenv("FAILING_DISK");
    FILE *order = name && is_database(file) ? fopen(name, "r") : NULL;
    if (order) {
        long number, skipped, failing;
        int wanted;
        char kinds[8];
        if (fscanf(order, "%ld %7s %d %ld %ld", &number, kinds, &wanted, &skipped, &failing) == 5 && strchr(kinds, kind)) {
            pthread_mutex_lock(&turn);
            if (number != known) {
                known = number;
                counted = 0;
            }
            long before = counted++;
            pthread_mutex_unlock(&turn);
            if (before >= skipped && (failing < 0 || before < skipped + failing)) error = wanted;
        }
        fclose(order);
    }
    errno = error ? error : error_before;
    return error != 0;
}

#define REPLACE(kind, type, name, parameters, arguments)          \
    type name parameters {                                         \
        if (fails(file, kind)) return -1;                          \
        type(*usual) parameters = dlsym(RTLD_NEXT, #name);         \
        return usual arguments;                                    \
    }

REPLACE('r', ssize_t, read, (int file, void *to, size_t size), (file, to, size))
REPLACE('r', ssize_t, pread, (int file, void *to, size_t size, off_t at), (file, to, size, at))
REPLACE('r', ssize_t, pread64, (int file, void *to, size_t size, off64_t at), (file, to, size, at))
REPLACE('w', ssize_t, write, (int file, const void *from, size_t size), (file, from, size))
REPLACE('w', ssize_t, pwrite, (int file, const void *from, size_t size, off_t at), (file, from, size, at))
REPLACE('w', ssize_t, pwrite64, (int file, const void *from, size_t size, off64_t at), (file, from, size, at))
REPLACE('w', int, ftruncate, (int file, off_t size), (file, size))
REPLACE('w', int, ftruncate64, (int file, off64_t size), (file, size))
REPLACE('s', int, fsync, (int file), (file))
REPLACE('s', int, fdatasync, (int file), (file))
