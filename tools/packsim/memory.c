/* memory.c - malloc for a program of one thread: size classes with free lists, nothing given back.
 *
 * Takes the place of the C library's for the whole program, SQLite and cJSON included; a world does
 * little else than small allocations. Left out under the sanitizers, which bring their own. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#if !defined(__SANITIZE_ADDRESS__)

#define GRAIN     16u
#define SMALL_MAX 1024u /* classes of 16 bytes up to here, of powers of two above */
#define CLASSES   (SMALL_MAX / GRAIN + 1 + 40)
#define ARENA     ((size_t)16 << 20)

/* Before each block. Its size keeps the block aligned. */
struct head {
    size_t class;
    struct head *next;
};
_Static_assert(sizeof(struct head) == GRAIN, "blocks must stay aligned");

static struct head *spare[CLASSES];
static uint8_t *arena;
static size_t arena_left;

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *ptr, size_t size);
void free(void *ptr);
int posix_memalign(void **out, size_t alignment, size_t size);
void *aligned_alloc(size_t alignment, size_t size);

static size_t class_of(size_t size)
{
    if (size <= SMALL_MAX) return (size + GRAIN - 1) / GRAIN;
    return SMALL_MAX / GRAIN + (size_t)(64 - __builtin_clzll((size - 1) / SMALL_MAX));
}

static size_t room_of(size_t class)
{
    if (class <= SMALL_MAX / GRAIN) return class * GRAIN;
    return (size_t)SMALL_MAX << (class - SMALL_MAX / GRAIN);
}

static void *map(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* Fresh bytes are zeros; what a free list gives back is not. */
static void *take(size_t size, int *out_fresh)
{
    if (size > (size_t)1 << 40) {
        errno = ENOMEM;
        return NULL;
    }
    size_t class = class_of(size ? size : 1);
    struct head *h = spare[class];
    *out_fresh = !h;
    if (h) {
        spare[class] = h->next;
        return h + 1;
    }
    size_t whole = room_of(class) + sizeof *h;
    if (whole > arena_left) {
        size_t more = whole > ARENA / 4 ? whole : ARENA;
        uint8_t *pages = map(more);
        if (!pages) {
            errno = ENOMEM;
            return NULL;
        }
        if (more == whole) {
            h = (struct head *)(void *)pages;
            h->class = class;
            return h + 1;
        }
        arena = pages;
        arena_left = more;
    }
    h = (struct head *)(void *)arena;
    arena += whole;
    arena_left -= whole;
    h->class = class;
    return h + 1;
}

void *malloc(size_t size)
{
    int fresh;
    return take(size, &fresh);
}

void *calloc(size_t count, size_t size)
{
    size_t whole;
    int fresh;
    if (__builtin_mul_overflow(count, size, &whole)) return NULL;
    void *block = take(whole, &fresh);
    if (block && !fresh) memset(block, 0, whole);
    return block;
}

void free(void *ptr)
{
    if (!ptr) return;
    struct head *h = (struct head *)ptr - 1;
    h->next = spare[h->class];
    spare[h->class] = h;
}

void *realloc(void *ptr, size_t size)
{
    int fresh;
    size_t have = ptr ? room_of(((struct head *)ptr - 1)->class) : 0;
    if (ptr && size <= have) return ptr;
    void *block = take(size, &fresh);
    if (block && ptr) {
        memcpy(block, ptr, have);
        free(ptr);
    }
    return block;
}

/* Nothing here asks for more than the alignment every block has. */
int posix_memalign(void **out, size_t alignment, size_t size)
{
    if (alignment > GRAIN) return ENOMEM;
    *out = malloc(size);
    return *out ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return alignment > GRAIN ? NULL : malloc(size);
}

#endif
