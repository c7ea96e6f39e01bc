/* hal.h - the only door to the outside world.
 *
 * Two libraries implement it: hal/linux (epoll, libserialport, usblp, curl, libmicrohttpd, systemd)
 * and hal/sim (virtual time, seeded faults). The linker picks one. firmware/ and drivers/ see the
 * system through this header and nothing else.
 *
 * Rules
 *   - One thread calls. hal_wait is the only call that blocks, and it alone moves hal_now.
 *   - Everything asynchronous ends as exactly one event of hal_wait. Slices inside an event are
 *     valid until the next hal_wait.
 *   - Ids are never 0 and are not reused within one run of the process.
 *   - Nothing here retries, queues policy, or interprets. Those belong to the firmware.
 */
#ifndef PACKD_HAL_H
#define PACKD_HAL_H

#include "firmware/base/clock.h"
#include "firmware/base/slice.h"

struct hal; /* opened by main (hal_linux_open) or by the simulator (hal_sim_open) */

/* ------------------------------------------------------------------------------------ ports -- */

typedef struct {
    uint32_t n;
} hal_port_t;

enum hal_port_kind {
    HAL_PORT_BYTES,   /* a byte stream in any chunking: serial, pty, usblp, TCP */
    HAL_PORT_REPORTS, /* one DATA event per report: hidraw */
    HAL_PORT_KEYS,    /* struct hal_key per DATA event: evdev, grabbed */
};

enum hal_transport {
    HAL_TRANSPORT_SERIAL, /* libserialport: ttyACM*, ttyUSB*, ttyS* */
    HAL_TRANSPORT_PTY,   /* `path` is made as a link to the far end; for demonstrations and tests */
    HAL_TRANSPORT_USBLP, /* /dev/usb/lp* */
    HAL_TRANSPORT_TCP,   /* host and port, a printer on 9100 */
    HAL_TRANSPORT_HIDRAW, /* /dev/hidraw* */
    HAL_TRANSPORT_EVDEV,  /* /dev/input/event*, opened with EVIOCGRAB */
};

enum hal_parity {
    HAL_PARITY_NONE,
    HAL_PARITY_EVEN,
    HAL_PARITY_ODD,
};

enum hal_flow {
    HAL_FLOW_NONE,
    HAL_FLOW_RTSCTS,
    HAL_FLOW_XONXOFF,
};

#define HAL_PATH_CAP 128
#define HAL_NAME_CAP 32

/* Which device, and how to open it. Empty text and 0 mean "any". The HAL looks for a match when the
 * port is opened and at every hot-plug, opens it, and announces it; after a loss it looks again. */
struct hal_port_spec {
    char role[HAL_NAME_CAP]; /* "scanner", "label-printer"; unique among open ports */
    enum hal_transport transport;
    char path[HAL_PATH_CAP]; /* device node or link; for HAL_TRANSPORT_PTY the link to make */
    uint16_t usb_vendor;     /* 0: any */
    uint16_t usb_product;    /* 0: any */
    char usb_serial[64];     /* "": any */
    char usb_port_path[64];  /* physical port, as in ID_PATH; "": any */
    uint32_t baud;           /* serial; 0: 9600 */
    uint8_t data_bits;       /* 7 or 8; 0: 8 */
    uint8_t stop_bits;       /* 1 or 2; 0: 1 */
    enum hal_parity parity;
    enum hal_flow flow;
    char host[64];     /* TCP */
    uint16_t tcp_port; /* TCP; 0: 9100 */
};

/* Key events of HAL_PORT_KEYS: Linux key codes; value 1 down, 0 up (repeats are dropped). */
struct hal_key {
    uint16_t code;
    uint8_t value;
    bool lost_before; /* the kernel dropped events before this one: discard the scan in progress */
};

/* What the port itself can say about the device behind it. */
struct hal_port_status {
    bool known; /* false: this port cannot tell */
    bool paper_out;
    bool selected;
    bool error;
};

/* Registers a role. Never fails because the device is absent: PORT_ARRIVED follows when it is
 * there. ERR_INVALID: the spec contradicts itself. ERR_NOSPACE: too many ports. ERR_EXISTS: role
 * taken. */
MUST_CHECK err_t hal_port_open(struct hal *h, const struct hal_port_spec *spec, hal_port_t *out);
/* Forgets the role and closes the device. Bytes accepted but not yet taken may be lost. */
void hal_port_close(struct hal *h, hal_port_t port);
/* Gives bytes to the device; takes what fits now, possibly 0. When less than bytes.len was accepted
 * a PORT_WRITABLE event follows. ERR_GONE: no device there; nothing was accepted. */
MUST_CHECK err_t hal_port_write(struct hal *h, hal_port_t port, struct slice bytes,
                                size_t *out_accepted);
/* Drops what the device sent and nobody read, and what was accepted and not yet sent. */
void hal_port_flush(struct hal *h, hal_port_t port);
/* ERR_GONE when the device is not there. */
MUST_CHECK err_t hal_port_status(struct hal *h, hal_port_t port, struct hal_port_status *out);
/* Appends the report descriptor of a HAL_PORT_REPORTS device. ERR_GONE: no device there.
 * ERR_NOTFOUND: this port has none. ERR_NOSPACE: longer than the room in `out`. */
MUST_CHECK err_t hal_port_descriptor(struct hal *h, hal_port_t port, struct buf *out);

/* ------------------------------------------------------------------------------------- http -- */

typedef struct {
    uint32_t n;
} hal_http_t;

struct hal_header {
    const char *name;
    const char *value;
};

#define HAL_HTTP_HEADERS_MAX 24

enum hal_method {
    HAL_GET,
    HAL_POST,
    HAL_PUT,
    HAL_PATCH,
    HAL_DELETE,
};

struct hal_http_request {
    enum hal_method method;
    const char *url;                  /* http or https; plain http only to loopback */
    const struct hal_header *headers; /* borrowed for the call */
    size_t header_count;              /* <= HAL_HTTP_HEADERS_MAX */
    struct slice body;                /* copied by the call */
    bool has_body;                    /* an empty body is still sent as Content-Length: 0 */
    bool write;                  /* has an effect over there: the transport must never repeat it */
    uint32_t timeout_ms;         /* whole exchange; 1..600000 */
    size_t reply_max;            /* larger replies end as UNKNOWN (write) or ANSWERED+truncated */
    const char *ca;              /* name of a CA document for this destination; NULL: system CAs */
    const char *client_identity; /* name of a secret holding certificate and key; NULL: none */
};

/* Redirects are never followed. Cookies are never kept. */
enum hal_http_outcome {
    HAL_HTTP_NOT_SENT, /* provably nothing left: name, connection or TLS failed */
    HAL_HTTP_ANSWERED, /* a complete reply */
    HAL_HTTP_UNKNOWN,  /* something left and no complete reply came: it may have had its effect */
};

struct hal_http_result {
    hal_http_t id;
    enum hal_http_outcome outcome;
    int status;           /* 100..599 when ANSWERED, else 0 */
    struct slice headers; /* raw "Name: value\r\n" lines of the final reply */
    struct slice body;
    bool truncated;     /* reply_max was reached (reads only) */
    const char *detail; /* short transport text, no secrets; never NULL */
};

/* Starts an exchange. A failed start of a write is NOT_SENT, also as an event, so that there is one
 * way to hear of it. ERR_NOSPACE: HAL_HTTP_MAX exchanges are under way. ERR_INVALID: bad URL. */
#define HAL_HTTP_MAX 32
MUST_CHECK err_t hal_http_submit(struct hal *h, const struct hal_http_request *request,
                                 hal_http_t *out);
/* No event follows for this id. Returns at once, whatever the resolver does. */
void hal_http_cancel(struct hal *h, hal_http_t id);
/* Value of the first header of this name (any case) in a result, trimmed; empty when absent. */
struct slice hal_http_header(const struct hal_http_result *r, const char *name);

/* ---------------------------------------------------------------------------------- console -- */

typedef struct {
    uint32_t n;
} hal_request_t;

struct hal_console_spec {
    char bind[64];           /* "127.0.0.1"; anything but loopback needs `certificate` and `key` */
    uint16_t port;           /* 0: any free one, see hal_console_port */
    const char *certificate; /* name of a secret; NULL: plain http on loopback */
};

struct hal_console_request {
    hal_request_t id;
    enum hal_method method;
    struct slice path;  /* decoded by nobody; without the query */
    struct slice query; /* after '?', may be empty */
    struct slice body;  /* bounded by HAL_CONSOLE_BODY_MAX; larger ones got 413 already */
    struct slice host;  /* headers; empty when absent */
    struct slice origin;
    struct slice cookie;
    struct slice content_type;
    struct slice authorization;
    struct slice fetch_site; /* Sec-Fetch-Site */
    struct slice token;      /* X-Packd-Token */
    bool loopback;           /* the peer is on this machine */
};

#define HAL_CONSOLE_BODY_MAX    65536
#define HAL_CONSOLE_STREAMS_MAX 8
#define HAL_CONSOLE_STREAM_ROOM                                                                    \
    262144 /* bytes queued per stream before it is closed as too slow                              \
            */

/* ERR_INVALID: no such address, or the certificate cannot be used. ERR_DENIED: beyond loopback
 * without a certificate, or a privileged port. ERR_BUSY: the port is taken. ERR_EXISTS: open
 * already. Also what hal_secret_read says of the certificate. */
MUST_CHECK err_t hal_console_open(struct hal *h, const struct hal_console_spec *spec);
uint16_t hal_console_port(const struct hal *h);
/* Ends a request. `extra` are added as they are. Body is copied. Replying to an id that is gone is
 * harmless. */
void hal_console_reply(struct hal *h, hal_request_t id, int status, const char *content_type,
                       const struct hal_header *extra, size_t extra_count, struct slice body);
/* Ends a request with an open text/event-stream. CONSOLE_CLOSED follows when the reader goes.
 * ERR_GONE: no such request. ERR_NOSPACE: HAL_CONSOLE_STREAMS_MAX are open, ERR_NOMEM: in both
 * cases the request still waits for its reply. */
MUST_CHECK err_t hal_console_stream(struct hal *h, hal_request_t id);
/* Queues bytes (copied) for a stream. ERR_GONE: no such stream. ERR_NOSPACE: too slow, closed now.
 */
MUST_CHECK err_t hal_console_send(struct hal *h, hal_request_t id, struct slice bytes);

/* ------------------------------------------------------------------------------------- jobs -- */

typedef struct {
    uint32_t n;
} hal_job_t;

/* Programs the station may run. Each reads its input from standard input and writes standard
 * output; it sees no store, no secret, no network, no environment. */
enum hal_tool {
    HAL_TOOL_PDF_RASTER,   /* pdftoppm: PDF in, PBM/PGM pages out */
    HAL_TOOL_BARCODE_READ, /* packd-barcodes: PGM in, one "TYPE<TAB>hex" line per code out */
};

struct hal_job_spec {
    enum hal_tool tool;
    const char *const
        *args;          /* NULL-terminated, without the program's name; borrowed for the call */
    struct slice input; /* copied */
    size_t output_max;  /* more output ends the job as failed */
    uint32_t time_limit_ms;
    uint32_t memory_max_mb;
};

#define HAL_JOBS_MAX 4

struct hal_job_result {
    hal_job_t id;
    bool ended;      /* exited by itself with a code */
    int code;        /* exit code when `ended` */
    bool over_limit; /* killed for time, memory or output */
    struct slice output;
    struct slice errors; /* first 4 KiB of standard error */
};

/* ERR_NOSPACE: HAL_JOBS_MAX run. ERR_NOTFOUND: the program is not installed. */
MUST_CHECK err_t hal_job_start(struct hal *h, const struct hal_job_spec *spec, hal_job_t *out);
void hal_job_cancel(struct hal *h, hal_job_t id); /* no event follows */

/* ----------------------------------------------------------------------------------- events -- */

enum hal_event_kind {
    HAL_EV_PORT_ARRIVED,
    HAL_EV_PORT_DATA,
    HAL_EV_PORT_WRITABLE, /* the device takes bytes again, or has taken all that was accepted */
    HAL_EV_PORT_GONE,
    HAL_EV_HTTP_DONE,
    HAL_EV_CONSOLE_REQUEST,
    HAL_EV_CONSOLE_CLOSED, /* a stream's reader went; `port` unused, see console.id */
    HAL_EV_JOB_DONE,
    HAL_EV_RELOAD,        /* configuration or secrets changed (SIGHUP) */
    HAL_EV_POWER_FAILING, /* milliseconds remain: commit what is decided */
    HAL_EV_STOP,          /* orderly end asked for (SIGTERM, SIGINT) */
};

struct hal_port_event {
    hal_port_t port;
    struct slice data;    /* DATA: bytes, one report, or one struct hal_key */
    const char *identity; /* ARRIVED: "usb 0c2e:0b6a serial X at usb-1.2", for the screen */
};

struct hal_event {
    enum hal_event_kind kind;
    union {
        struct hal_port_event port;
        struct hal_http_result http;
        struct hal_console_request console;
        struct hal_job_result job;
    };
};

#define HAL_EVENTS_MAX 32

/* Waits until something is ready or `deadline` is reached, freezes hal_now, and returns what is
 * ready, oldest first. *out_count may be 0 at the deadline. ERR_IO only when waiting itself is
 * broken. */
MUST_CHECK err_t hal_wait(struct hal *h, mono_t deadline, struct hal_event *events, size_t cap,
                          size_t *out_count);

/* -------------------------------------------------------------------------- clocks, entropy -- */

mono_t hal_now(const struct hal *h);  /* frozen since the last hal_wait returned */
wall_t hal_wall(const struct hal *h); /* likewise */
void hal_random(struct hal *h, void *out, size_t len);
/* Identifies this boot of the machine; up to 36 printable characters; valid as long as h. */
const char *hal_boot_id(const struct hal *h);

/* ------------------------------------------------------------- documents, secrets, the disk -- */

#define HAL_DOCUMENT_MAX (4u << 20)
#define HAL_SECRET_MAX   16384

/* Reads a configuration document by name ("station.json", "site.json", "overlay.json", a channel
 * definition). ERR_NOTFOUND, ERR_NOSPACE beyond HAL_DOCUMENT_MAX, ERR_IO. `out` is appended to. */
MUST_CHECK err_t hal_document_read(struct hal *h, const char *name, struct buf *out);
/* Where that document is, for messages to people; valid as long as h. */
const char *hal_document_path(struct hal *h, const char *name);
/* Reads a secret by name, without a final line end. ERR_NOTFOUND, ERR_DENIED (readable by others),
 * ERR_NOSPACE. The caller wipes `out`. */
MUST_CHECK err_t hal_secret_read(struct hal *h, const char *name, struct buf *out);

const char *hal_store_path(const struct hal *h); /* database file for SQLite */
const char *hal_store_vfs(const struct hal *h);  /* SQLite VFS name; NULL: the default */
/* Bytes free where the store lives. */
MUST_CHECK err_t hal_store_free(struct hal *h, uint64_t *out_bytes);
/* Moves a damaged store (with its -wal) aside under a name with the wall time; writes that name. */
MUST_CHECK err_t hal_store_set_aside(struct hal *h, char *out_name, size_t cap);
/* Name of the store set aside last that still lies there. ERR_NOTFOUND: there is none. */
MUST_CHECK err_t hal_store_aside(struct hal *h, char *out_name, size_t cap);

/* ------------------------------------------------------------------------- board and people -- */

enum hal_light {
    HAL_LIGHT_OFF,
    HAL_LIGHT_GREEN,
    HAL_LIGHT_GREEN_BLINK,
    HAL_LIGHT_AMBER,
    HAL_LIGHT_RED,
    HAL_LIGHT_RED_FLASH,
};

enum hal_tone {
    HAL_TONE_NONE,
    HAL_TONE_ACCEPT,     /* one short high */
    HAL_TONE_LINE_DONE,  /* two rising */
    HAL_TONE_ORDER_DONE, /* three rising */
    HAL_TONE_REFUSE,     /* long low double */
    HAL_TONE_ALARM,      /* repeats until another tone or NONE */
    HAL_TONE_ATTENTION,  /* two medium */
    HAL_TONE_TROUBLE,    /* single low */
};

/* What people should see and hear now; for whoever watches. Lamps and a buzzer on the board's own
 * lines are driven by the firmware through hal_lines_set. */
void hal_signal(struct hal *h, enum hal_light light, enum hal_tone tone);

#define HAL_LINES_MAX 8
/* Output lines of the board: lamps, a buzzer. */
struct hal_lines_spec {
    char chip[HAL_PATH_CAP]; /* "/dev/gpiochip0" */
    uint16_t offsets[HAL_LINES_MAX];
    size_t count;
    bool active_low;
};
/* Takes the lines as outputs, all off; lines taken before are given back. ERR_NOTFOUND: no such
 * chip or line. ERR_BUSY: somebody else has one. ERR_DENIED, ERR_IO. */
MUST_CHECK err_t hal_lines_open(struct hal *h, const struct hal_lines_spec *spec);
/* Bit n is line n of the spec. Does nothing where none are open. */
void hal_lines_set(struct hal *h, uint32_t on);

void hal_log(struct hal *h, struct slice line); /* without line end */
void hal_ready(struct hal *h);                  /* tell the supervisor once scans are accepted */
void hal_watchdog_kick(struct hal *h);          /* the loop is alive */

#endif
