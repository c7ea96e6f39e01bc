/* files.c - documents, secrets and where the store lives. Names are bare: no directory, no hidden
 * file. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/mem.h"
#include "hal/linux/parts.h"

#define DIR_CAP         512
#define FILE_NAME_MAX   100
#define PATHS_MAX       32 /* documents ever asked about; there are a handful and one per channel */
#define SET_ASIDE_TRIES 100

struct files {
    char config_dir[DIR_CAP];
    char secrets_dir[DIR_CAP];
    mode_t secret_forbidden; /* mode bits a secret must not have */
    char state_dir[DIR_CAP];
    char store_path[DIR_CAP + 16];
    char *paths[PATHS_MAX]; /* owned; handed out by hal_document_path */
};

static bool name_ok(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > FILE_NAME_MAX || name[0] == '.') return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@+") ==
           len;
}

static err_t open_error(int error)
{
    if (error == ENOENT || error == ENOTDIR) return ERR_NOTFOUND;
    if (error == EACCES || error == EPERM) return ERR_DENIED;
    return ERR_IO;
}

static err_t open_file(const char *dir, const char *name, int *out_fd, struct stat *out_stat)
{
    char path[PATH_MAX];
    if (!name_ok(name)) return ERR_NOTFOUND;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path) return ERR_NOTFOUND;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return open_error(errno);
    if (fstat(fd, out_stat) != 0 || !S_ISREG(out_stat->st_mode)) {
        (void)close(fd);
        return ERR_IO;
    }
    *out_fd = fd;
    return ERR_OK;
}

/* Appends the whole file; on failure `out` is as it was, and nothing read stays in memory of ours.
 */
static err_t read_all(int fd, size_t max, struct buf *out)
{
    uint8_t chunk[4096];
    size_t before = out->len;
    err_t e = ERR_OK;
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) e = ERR_IO;
        if (n <= 0) break;
        buf_put(out, slice_of(chunk, (size_t)n));
        if (out->overflow || out->len - before > max) {
            e = ERR_NOSPACE;
            break;
        }
    }
    explicit_bzero(chunk, sizeof chunk);
    if (e && out->ptr) {
        explicit_bzero(out->ptr + before, out->len - before);
        out->len = before;
    }
    return e;
}

err_t files_document(struct files *f, const char *name, struct buf *out)
{
    int fd;
    struct stat st;
    err_t e = open_file(f->config_dir, name, &fd, &st);
    if (e) return e;
    e = st.st_size > (off_t)HAL_DOCUMENT_MAX ? ERR_NOSPACE : read_all(fd, HAL_DOCUMENT_MAX, out);
    (void)close(fd);
    return e;
}

err_t files_secret(struct files *f, const char *name, struct buf *out)
{
    int fd;
    struct stat st;
    size_t before = out->len;
    err_t e = open_file(f->secrets_dir, name, &fd, &st);
    if (e) return e;
    if (st.st_mode & f->secret_forbidden)
        e = ERR_DENIED;
    else if (st.st_size > HAL_SECRET_MAX)
        e = ERR_NOSPACE;
    else
        e = read_all(fd, HAL_SECRET_MAX, out);
    (void)close(fd);
    if (e) return e;
    if (out->len > before && out->ptr[out->len - 1] == '\n') out->len--;
    if (out->len > before && out->ptr[out->len - 1] == '\r') out->len--;
    return ERR_OK;
}

/* ------------------------------------------------------------------------------------- opening --
 */

static err_t set_dir(char *room, const char *dir)
{
    return dir ? slice_copy(slice_text(dir), room, DIR_CAP) : ERR_INVALID;
}

/* systemd may give the service access by an ACL, whose mask shows in the group's bits. */
static err_t choose_secrets(struct files *f, const struct hal_linux_options *o)
{
    f->secret_forbidden = 077;
    if (o->credentials_dir) return set_dir(f->secrets_dir, o->credentials_dir);
    const char *given = secure_getenv("CREDENTIALS_DIRECTORY");
    if (given && given[0] == '/') {
        f->secret_forbidden = 007;
        return set_dir(f->secrets_dir, given);
    }
    int n = snprintf(f->secrets_dir, DIR_CAP, "%s/secrets", f->config_dir);
    return n > 0 && n < DIR_CAP ? ERR_OK : ERR_INVALID;
}

err_t files_open(const struct hal_linux_options *options, struct files **out)
{
    struct files *f = mem_alloc(sizeof *f);
    if (!f) return ERR_NOMEM;
    err_t e = set_dir(f->config_dir, options->config_dir);
    if (!e) e = set_dir(f->state_dir, options->state_dir);
    if (!e) e = choose_secrets(f, options);
    if (e) {
        files_close(f);
        return e;
    }
    (void)snprintf(f->store_path, sizeof f->store_path, "%s/packd.db", f->state_dir);
    *out = f;
    return ERR_OK;
}

void files_close(struct files *f)
{
    if (!f) return;
    for (size_t i = 0; i < PATHS_MAX; i++)
        mem_free(f->paths[i]);
    mem_free(f);
}

/* ----------------------------------------------------------------------------- the HAL's calls --
 */

err_t hal_document_read(struct hal *h, const char *name, struct buf *out)
{
    return files_document(h->files, name, out);
}

err_t hal_secret_read(struct hal *h, const char *name, struct buf *out)
{
    return files_secret(h->files, name, out);
}

const char *hal_document_path(struct hal *h, const char *name)
{
    struct files *f = h->files;
    char path[PATH_MAX];
    if (!name_ok(name)) return f->config_dir;
    (void)snprintf(path, sizeof path, "%s/%s", f->config_dir, name);
    size_t i = 0;
    for (; i < PATHS_MAX && f->paths[i]; i++)
        if (strcmp(f->paths[i], path) == 0) return f->paths[i];
    if (i == PATHS_MAX) return f->config_dir;
    size_t room = strlen(path) + 1;
    f->paths[i] = mem_alloc(room);
    if (!f->paths[i]) return f->config_dir;
    memcpy(f->paths[i], path, room);
    return f->paths[i];
}

const char *hal_store_path(const struct hal *h)
{
    return h->files->store_path;
}

const char *hal_store_vfs(const struct hal *h)
{
    (void)h;
    return NULL;
}

err_t hal_store_free(struct hal *h, uint64_t *out_bytes)
{
    struct statvfs v;
    if (statvfs(h->files->state_dir, &v) != 0) return ERR_IO;
    *out_bytes = (uint64_t)v.f_bavail * v.f_frsize;
    return ERR_OK;
}

/* ----------------------------------------------------------------------------------- set aside --
 */

static void sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    (void)close(fd);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A second name for the file; where the disk has no links, a new name. An absent file is fine. */
static err_t add_name(const char *from, const char *to)
{
    if (link(from, to) == 0 || errno == ENOENT) return ERR_OK;
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return ERR_IO;
    return rename(from, to) == 0 ? ERR_OK : ERR_IO;
}

/* Takes back what add_name did to a file that was there. */
static void drop_name(const char *from, const char *to)
{
    if (exists(from))
        (void)unlink(to);
    else
        (void)rename(to, from);
}

/* Both files get their new names before either loses the old one, so that power loss at any point
 * leaves the database beside its log. The database goes first: SQLite drops a log without one. */
static err_t move_pair(const struct files *f, const char *to)
{
    char wal[DIR_CAP + 32];
    char to_wal[DIR_CAP + 96];
    (void)snprintf(wal, sizeof wal, "%s-wal", f->store_path);
    (void)snprintf(to_wal, sizeof to_wal, "%s-wal", to);
    if (exists(to) || exists(to_wal)) return ERR_EXISTS;
    bool has_wal = exists(wal);
    err_t e = add_name(wal, to_wal);
    if (e) return e;
    e = add_name(f->store_path, to);
    if (e) {
        if (has_wal) drop_name(wal, to_wal);
        return e;
    }
    sync_dir(f->state_dir);
    if (unlink(f->store_path) != 0 && errno != ENOENT) return ERR_IO;
    if (unlink(wal) != 0 && errno != ENOENT) return ERR_IO;
    sync_dir(f->state_dir);
    return ERR_OK;
}

#define ASIDE_PREFIX "packd.db.damaged-"

static void aside_name(wall_t wall, int number, char *out, size_t cap)
{
    time_t seconds = (time_t)(wall.ms / 1000);
    struct tm utc = {0};
    char when[32];
    (void)gmtime_r(&seconds, &utc);
    (void)strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &utc);
    if (number == 0)
        (void)snprintf(out, cap, ASIDE_PREFIX "%s", when);
    else
        (void)snprintf(out, cap, ASIDE_PREFIX "%s-%d", when, number);
}

err_t hal_store_set_aside(struct hal *h, char *out_name, size_t cap)
{
    const struct files *f = h->files;
    if (!exists(f->store_path)) return ERR_NOTFOUND;
    for (int i = 0; i < SET_ASIDE_TRIES; i++) {
        char name[64];
        char to[DIR_CAP + 80];
        aside_name(h->wall, i, name, sizeof name);
        (void)snprintf(to, sizeof to, "%s/%s", f->state_dir, name);
        if (strlen(name) >= cap) return ERR_INVALID;
        err_t e = move_pair(f, to);
        if (e == ERR_EXISTS) continue;
        if (!e) memcpy(out_name, name, strlen(name) + 1);
        return e;
    }
    return ERR_EXISTS;
}

/* Later times sort later; the number within one second only has to differ. */
static bool is_later(const char *name, const char *than)
{
    size_t a = strlen(name), b = strlen(than);
    size_t time_len = sizeof ASIDE_PREFIX - 1 + sizeof "20260311T155812Z" - 1;
    int order = strncmp(name, than, time_len);
    if (order != 0) return order > 0;
    return a != b ? a > b : strcmp(name, than) > 0;
}

err_t hal_store_aside(struct hal *h, char *out_name, size_t cap)
{
    char newest[NAME_MAX + 1] = "";
    DIR *dir = opendir(h->files->state_dir);
    if (!dir) return ERR_IO;
    for (const struct dirent *d = readdir(dir); d; d = readdir(dir)) {
        size_t len = strlen(d->d_name);
        bool is_log = len > 4 && strcmp(d->d_name + len - 4, "-wal") == 0;
        if (is_log || strncmp(d->d_name, ASIDE_PREFIX, sizeof ASIDE_PREFIX - 1) != 0) continue;
        if (is_later(d->d_name, newest)) memcpy(newest, d->d_name, len + 1);
    }
    (void)closedir(dir);
    if (!newest[0]) return ERR_NOTFOUND;
    return slice_copy(slice_text(newest), out_name, cap);
}
