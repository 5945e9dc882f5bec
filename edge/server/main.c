/* SPDX-License-Identifier: Apache-2.0 */

/* The command ovs-edge: reads its arguments, serves or checks a store, and stops on a signal. */

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "allow.h"
#include "check.h"
#include "log.h"
#include "server.h"
#include "store.h"
#include "tls.h"
#include "watchdog.h"

#define DEFAULT_ADDRESS "127.0.0.1:21321"
#define DEFAULT_CONNECTIONS 2048
#define DEFAULT_PEER_CONNECTIONS 1024
#define DEFAULT_PEER_CONTROLS 512
#define DEFAULT_TLS_DIR "/etc/openvstorage/tls"
#define DEFAULT_STOP_LIMIT_S 56     /* the service manager may kill us after 60 s */
#define MERGE_RETRY_S 10
#define TRIM_S 5
#define HEAPS_KEEP_BYTES (32u << 20)
#define DESCRIPTORS_SPARE 256

static const char help[] =
    "ovs-edge: a store of thin volumes with snapshots and clones, served over NBD\n"
    "\n"
    "usage: ovs-edge serve --data DIR [--listen HOST:PORT]... [--control SOCKET]\n"
    "                [--allow CIDR[,CIDR...]]... [--tls psk|x509 [--tls-dir DIR]\n"
    "                [--tls-verify-client]] [--connections N] [--ready-fd FD]\n"
    "                [--boot-id ID] [--exit-on-stdin-eof] [--stop-limit SECONDS]\n"
    "                [--verbose]\n"
    "       ovs-edge check --data DIR\n"
    "\n"
    "serve   serves the store in DIR until TERM or INT. An empty folder becomes a store.\n"
    "        Prints one line \"ready ADDRESS...\" once it answers; logs to stderr.\n"
    "  --data DIR          the store's folder, on ext4, XFS, Btrfs or tmpfs\n"
    "  --listen HOST:PORT  an address to listen on, [HOST]:PORT for IPv6, port 0 for any;\n"
    "                      may be given several times; " DEFAULT_ADDRESS " if not at all\n"
    "  --control SOCKET    a unix socket that speaks the same protocol, for its owner only\n"
    "  --allow CIDR,...    the addresses that may connect by TCP, such as 192.0.2.0/24 or\n"
    "                      2001:db8::7; everyone may if not given\n"
    "  --tls psk|x509      TCP clients must begin with STARTTLS (TLS 1.2 or 1.3)\n"
    "  --tls-dir DIR       its keys, with QEMU's names: keys.psk, or server-cert.pem and\n"
    "                      server-key.pem, with ca-cert.pem to verify clients\n"
    "                      (" DEFAULT_TLS_DIR ")\n"
    "  --tls-verify-client x509: clients need a certificate of that authority\n"
    "  --connections N     the most connections at a time (2048); the control socket has places\n"
    "                      of its own\n"
    "  --peer-connections N  the most of them from one address (1024)\n"
    "  --peer-controls N   the most of those that have no volume open (512)\n"
    "  --ready-fd FD       print the ready line to this descriptor instead of stdout\n"
    "  --boot-id ID        pretend that the host's boot has this id (for tests)\n"
    "  --exit-on-stdin-eof stop when stdin ends, too: who holds the other end of that pipe\n"
    "                      leaves no engine behind, however it dies\n"
    "  --stop-limit SECONDS  a stop that hangs (a disk that does not answer) is given up after\n"
    "                      so long (56), with exit status 3; what was flushed is safe\n"
    "  --verbose           log each control request and each volume that is opened\n"
    "\n"
    "check   verifies a store that no engine serves and prints a line for each finding.\n"
    "        Exit status: 0 good, 1 findings, 2 it could not be checked.\n"
    "\n"
    "Try it:\n"
    "  mkdir /tmp/store && ovs-edge serve --data /tmp/store --listen 127.0.0.1:10809 &\n"
    "  nbdinfo --list nbd://127.0.0.1:10809\n"
    "Volumes are made with libovsvolumedriver or ovs-storagedriver; see PROTOCOL.md.\n";

struct arguments {
    const char *data, *control, *boot_id;
    const char *listen[LISTENERS_MAX];
    int listen_count;
    struct limits limits;
    int ready_fd, stop_limit;
    bool exit_on_stdin_eof;
    struct allow allow;
    enum tls_kind tls;
    const char *tls_dir;
    bool tls_verify_client;
};

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "ovs-edge: %s%s%s; try ovs-edge --help\n", what, value ? ": " : "",
            value ? value : "");
    return 2;
}

static int parse_number(const char *text, long least, long most, long *number)
{
    char *end;

    errno = 0;
    *number = strtol(text, &end, 10);
    return errno || *end || end == text || *number < least || *number > most;
}

static int parse_allow(struct allow *allow)
{
    char bad[PEER_TEXT_BYTES];
    const char *wrong = allow_add(allow, optarg, bad);

    if (wrong)
        fprintf(stderr, "ovs-edge: --allow: '%s' %s; try ovs-edge --help\n", bad, wrong);
    return wrong ? 2 : 0;
}

static int parse_tls(struct arguments *arguments)
{
    if (!strcmp(optarg, "psk"))
        arguments->tls = TLS_PSK;
    else if (!strcmp(optarg, "x509"))
        arguments->tls = TLS_X509;
    else if (!strcmp(optarg, "off"))
        arguments->tls = TLS_OFF;
    else
        return usage_error("--tls takes psk, x509 or off", optarg);
    return 0;
}

static int parse_option(int option, struct arguments *arguments)
{
    long number;

    switch (option) {
    case 'd':
        arguments->data = optarg;
        return 0;
    case 'l':
        if (arguments->listen_count == LISTENERS_MAX)
            return usage_error("too many addresses", optarg);
        arguments->listen[arguments->listen_count++] = optarg;
        return 0;
    case 'c':
        arguments->control = optarg;
        return 0;
    case 'b':
        arguments->boot_id = optarg;
        return 0;
    case 'a':
        return parse_allow(&arguments->allow);
    case 't':
        return parse_tls(arguments);
    case 'f':
        arguments->tls_dir = optarg;
        return 0;
    case 'v':
        arguments->tls_verify_client = true;
        return 0;
    case 'o':
        log_verbose();
        return 0;
    case 'e':
        arguments->exit_on_stdin_eof = true;
        return 0;
    case 'n':
        if (parse_number(optarg, 1, 1000000, &number))
            return usage_error("--connections takes a number from 1 to 1000000", optarg);
        arguments->limits.connections = number;
        return 0;
    case 'p':
        if (parse_number(optarg, 1, 1000000, &number))
            return usage_error("--peer-connections takes a number from 1 to 1000000", optarg);
        arguments->limits.peer_connections = number;
        return 0;
    case 'q':
        if (parse_number(optarg, 1, 1000000, &number))
            return usage_error("--peer-controls takes a number from 1 to 1000000", optarg);
        arguments->limits.peer_controls = number;
        return 0;
    case 's':
        if (parse_number(optarg, 1, 1000000, &number))
            return usage_error("--stop-limit takes a number of seconds from 1 on", optarg);
        arguments->stop_limit = number;
        return 0;
    case 'r':
        if (parse_number(optarg, 0, 1000000, &number))
            return usage_error("--ready-fd takes the number of a descriptor", optarg);
        arguments->ready_fd = number;
        return 0;
    default:
        return 2;   /* getopt has said what is wrong */
    }
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"data", required_argument, NULL, 'd'},    {"listen", required_argument, NULL, 'l'},
        {"control", required_argument, NULL, 'c'}, {"boot-id", required_argument, NULL, 'b'},
        {"allow", required_argument, NULL, 'a'}, {"tls", required_argument, NULL, 't'},
        {"tls-dir", required_argument, NULL, 'f'}, {"tls-verify-client", no_argument, NULL, 'v'},
        {"connections", required_argument, NULL, 'n'},
        {"peer-connections", required_argument, NULL, 'p'},
        {"peer-controls", required_argument, NULL, 'q'},
        {"ready-fd", required_argument, NULL, 'r'},
        {"exit-on-stdin-eof", no_argument, NULL, 'e'}, {"stop-limit", required_argument, NULL, 's'},
        {"verbose", no_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    int option, status;

    *arguments = (struct arguments){
        .limits = {DEFAULT_CONNECTIONS, DEFAULT_PEER_CONNECTIONS, DEFAULT_PEER_CONTROLS},
        .ready_fd = STDOUT_FILENO, .stop_limit = DEFAULT_STOP_LIMIT_S, .tls_dir = DEFAULT_TLS_DIR};
    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
        if ((status = parse_option(option, arguments)))
            return status;
    if (optind < argc)
        return usage_error("one argument too many", argv[optind]);
    if (arguments->tls_verify_client && arguments->tls != TLS_X509)
        return usage_error("--tls-verify-client needs --tls x509", NULL);
    if (!arguments->data)
        return usage_error("--data DIR is missing", NULL);
    if (!arguments->listen_count)
        arguments->listen[arguments->listen_count++] = DEFAULT_ADDRESS;
    return 0;
}

/* Connections leave descriptors for the volumes: an open one takes up to three, and layers that are
 * read share some more. */
static void fit_connections(uint32_t *connections)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    rlim_t spare = limit.rlim_cur < 2 * DESCRIPTORS_SPARE ? limit.rlim_cur / 2 : DESCRIPTORS_SPARE;
    if (limit.rlim_cur - spare >= *connections)
        return;
    log_warning("%llu open files allow %llu connections, not %u: raise the limit (ulimit -n)",
                (unsigned long long)limit.rlim_cur, (unsigned long long)(limit.rlim_cur - spare),
                *connections);
    *connections = limit.rlim_cur - spare;
}

static bool say_ready(const struct arguments *arguments, char bound[LISTENERS_MAX][300])
{
    char line[LISTENERS_MAX * 301 + 8] = "ready";

    for (int i = 0; i < arguments->listen_count; i++) {
        strcat(line, " ");
        strcat(line, bound[i]);
    }
    strcat(line, "\n");
    if (write(arguments->ready_fd, line, strlen(line)) == (ssize_t)strlen(line))
        return true;
    log_error("cannot print the ready line: %s", strerror(errno));
    return false;
}

static void *stop_at_eof(void *unused)
{
    char bytes[256];
    ssize_t n;

    do
        n = read(STDIN_FILENO, bytes, sizeof(bytes));
    while (n > 0 || (n < 0 && errno == EINTR));
    kill(getpid(), SIGTERM);
    return unused;
}

/* In a thread: stdin may be a pipe, a terminal or a file, and only read() knows them all. */
static bool watch_stdin(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, stop_at_eof, NULL);

    if (error)
        log_error("cannot watch stdin: %s", strerror(error));
    else
        pthread_detach(thread);
    return !error;
}

static bool load_credentials(const struct arguments *arguments, struct tls_credentials **tls)
{
    char why[TLS_WHY_BYTES];

    *tls = NULL;
    if (arguments->tls == TLS_OFF || !tls_server_credentials(arguments->tls, arguments->tls_dir,
                                                             arguments->tls_verify_client, tls,
                                                             why))
        return true;
    log_error("--tls: %s", why);
    return false;
}

static bool start(struct server *server, struct store *store, const struct tls_credentials *tls,
                  const struct arguments *arguments)
{
    static char bound[LISTENERS_MAX][300];

    if (!server_init(server, store, &arguments->allow, tls, &arguments->limits))
        return false;
    for (int i = 0; i < arguments->listen_count; i++)
        if (!server_listen(server, arguments->listen[i], bound[i]))
            return false;
    if (arguments->control && !server_listen_unix(server, arguments->control))
        return false;
    if (arguments->exit_on_stdin_eof && !watch_stdin())
        return false;
    return server_start(server) && say_ready(arguments, bound);
}

/* Replies that had to wait leave free memory in the heaps of many threads. */
static void give_back_memory(void)
{
    if (mallinfo2().fordblks > HEAPS_KEEP_BYTES)
        malloc_trim(0);
}

/* Waits for TERM or INT; they are blocked in every thread. */
static void run_until_stopped(struct server *server, const sigset_t *signals)
{
    struct timespec second = {.tv_sec = 1};
    int seconds = 0;

    while (sigtimedwait(signals, NULL, &second) < 0) {
        server_tick(server);
        if (++seconds % MERGE_RETRY_S == 0)
            store_tick(server->store);
        if (seconds % TRIM_S == 0)
            give_back_memory();
    }
}

static int serve(const struct arguments *arguments)
{
    struct tls_credentials *tls;
    struct server server;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);   /* a file size limit is the writer's EFBIG, not our death */
    if (!load_credentials(arguments, &tls))
        return 1;
    struct store *store = store_open(arguments->data, arguments->boot_id);
    if (!store) {
        tls_credentials_free(tls);
        return 1;
    }
    bool started = start(&server, store, tls, arguments);
    if (started) {
        log_info("serving %s, boot %s", arguments->data, store->boot_id);
        run_until_stopped(&server, &signals);
        log_info("stopping");
    }
    watchdog_start(arguments->stop_limit);
    server_stop(&server, arguments->stop_limit);
    bool clean = store_close(store);
    tls_credentials_free(tls);
    log_info(clean ? "stopped"
             : "stopped; not everything could be flushed, the next start takes it over");
    return started ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct arguments arguments;

    if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")
                     || !strcmp(argv[1], "help"))) {
        fputs(help, stdout);
        return 0;
    }
    if (argc < 2)
        return usage_error("what shall I do: serve or check?", NULL);
    int (*command)(const struct arguments *) = NULL;
    if (!strcmp(argv[1], "serve"))
        command = serve;
    int status = parse(argc - 1, argv + 1, &arguments);
    if (!status && command)
        fit_connections(&arguments.limits.connections);
    if (command)
        return status ? status : command(&arguments);
    if (!strcmp(argv[1], "check"))
        return status ? status : check_store(arguments.data);
    return usage_error("neither serve nor check", argv[1]);
}
