/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * The numbers of the edge port, for the engine and the client library: those that it uses of NBD
 * (doc/proto.md of the NetworkBlockDevice project), and those of its own (PROTOCOL.md).
 */

/* "NBDMAGIC", "IHAVEOPT" */
#define NBD_MAGIC 0x4e42444d41474943ull
#define NBD_OPTION_MAGIC 0x49484156454f5054ull
#define NBD_OPTION_REPLY_MAGIC 0x0003e889045565a9ull
#define NBD_REQUEST_MAGIC 0x25609513u
#define NBD_REPLY_MAGIC 0x67446698u

/* What goes over the wire before data. */
#define NBD_GREETING_BYTES 18
#define NBD_FLAGS_BYTES 4       /* of the client, after the greeting */
#define NBD_OPTION_BYTES 16
#define NBD_OPTION_REPLY_BYTES 20
#define NBD_REQUEST_BYTES 28
#define NBD_REPLY_BYTES 16

#define NBD_FLAG_FIXED_NEWSTYLE 1u
#define NBD_FLAG_NO_ZEROES 2u

#define NBD_OPT_EXPORT_NAME 1u
#define NBD_OPT_ABORT 2u
#define NBD_OPT_LIST 3u
#define NBD_OPT_STARTTLS 5u
#define NBD_OPT_INFO 6u
#define NBD_OPT_GO 7u
#define NBD_OPT_OVS 0x4f565301u

#define NBD_REP_ACK 1u
#define NBD_REP_SERVER 2u
#define NBD_REP_INFO 3u
#define NBD_REP_OVS NBD_OPT_OVS
#define NBD_REP_ERR_UNSUP 0x80000001u
#define NBD_REP_ERR_POLICY 0x80000002u
#define NBD_REP_ERR_INVALID 0x80000003u
#define NBD_REP_ERR_PLATFORM 0x80000004u
#define NBD_REP_ERR_TLS_REQD 0x80000005u
#define NBD_REP_ERR_UNKNOWN 0x80000006u
#define NBD_REP_ERR_TOO_BIG 0x80000009u

#define NBD_INFO_EXPORT 0
#define NBD_INFO_NAME 1
#define NBD_INFO_BLOCK_SIZE 3

#define NBD_FLAG_HAS_FLAGS 1u
#define NBD_FLAG_READ_ONLY 2u
#define NBD_FLAG_SEND_FLUSH 4u
#define NBD_FLAG_SEND_FUA 8u
#define NBD_FLAG_SEND_TRIM 32u
#define NBD_FLAG_SEND_WRITE_ZEROES 64u
#define NBD_FLAG_CAN_MULTI_CONN 256u

enum nbd_command {
    NBD_CMD_READ = 0,
    NBD_CMD_WRITE = 1,
    NBD_CMD_DISC = 2,
    NBD_CMD_FLUSH = 3,
    NBD_CMD_TRIM = 4,
    NBD_CMD_WRITE_ZEROES = 6,
};

#define NBD_CMD_FLAG_FUA 1u
#define NBD_CMD_FLAG_NO_HOLE 2u

/* Operations of the vendor option. */
enum ovs_operation {
    OVS_HELLO = 1,
    OVS_VOLUME_CREATE = 10,
    OVS_VOLUME_REMOVE = 11,
    OVS_VOLUME_TRUNCATE = 12,
    OVS_VOLUME_STAT = 13,
    OVS_VOLUME_INFO = 14,
    OVS_VOLUME_LIST = 15,
    OVS_VOLUME_CLONE = 16,
    OVS_VOLUME_SET_TEMPLATE = 17,
    OVS_VOLUME_SET_OWNER = 18,
    OVS_VOLUME_FENCE = 19,
    OVS_SNAPSHOT_CREATE = 20,
    OVS_SNAPSHOT_REMOVE = 21,
    OVS_SNAPSHOT_ROLLBACK = 22,
    OVS_SNAPSHOT_LIST = 23,
    OVS_SNAPSHOT_INFO = 24,
    OVS_SNAPSHOT_SYNCED = 25,
    OVS_STORE_STAT = 30,
};

/* How a request names a volume. */
enum ovs_ref { OVS_REF_NAME = 0, OVS_REF_UUID = 1 };

#define OVS_PROTOCOL_VERSION 1
#define OVS_FLAG_TEMPLATE 1             /* of a volume */
#define OVS_LIST_MAX 1000               /* volumes in one reply */
#define OVS_REQUEST_BYTES_MAX (32u << 20)       /* of a read or write */
#define OVS_OPTION_BYTES_MAX 65536u
#define OVS_BLOCK_PREFERRED 65536u
