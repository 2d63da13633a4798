// Both ends of replication: standbys and slots on the primary, the receiver and the replay on a standby.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW
#include <array>

#include "collectors/postgres/queries.h"

namespace upkeep::postgres {
namespace {

// postgres_exporter says 0 when all that was received is replayed, even when nothing is received any more. Here only a
// stream that is there can be without lag.
constexpr std::array kLag = {
    gauge("pg_replication_lag_seconds", "How far a standby is behind, by the age of what it replayed last.",
          {"server"}),
    gauge("pg_replication_is_replica", "1 on a standby.", {"server"}),
    gauge("pg_replication_last_replay_seconds", "Age of the transaction replayed last.", {"server"}),
};
constexpr std::string_view kLagSql = R"(
SELECT CASE WHEN NOT pg_is_in_recovery() THEN 0
            WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
             AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') THEN 0
            ELSE replayed.age END,
       pg_is_in_recovery()::int, replayed.age
FROM (SELECT CASE WHEN pg_last_xact_replay_timestamp() IS NOT NULL
                  THEN greatest(0, extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()))
             END AS age) replayed)";

constexpr std::array kStandby = {
    gauge("upkeep_postgres_wal_receiver_streaming", "Whether this standby receives WAL from its primary.", {"server"}),
    gauge("upkeep_postgres_replay_backlog_bytes", "WAL received and not replayed yet.", {"server"}),
    gauge("upkeep_postgres_upstream_message_age_seconds", "Since the last message of the primary.", {"server"}),
};
constexpr std::string_view kStandbySql = R"(
SELECT (SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'),
       pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()),
       (SELECT extract(epoch FROM clock_timestamp() - max(last_msg_receipt_time)) FROM pg_stat_wal_receiver))";

constexpr std::array kSenders = {
    gauge("pg_stat_replication_pg_current_wal_lsn_bytes", "Position of the WAL, in bytes.",
          {"server", "application_name", "client_addr", "state", "slot_name", "pid"}),
    gauge("pg_stat_replication_pg_wal_lsn_diff", "Bytes of WAL that the standby has not replayed yet.",
          {"server", "application_name", "client_addr", "state", "slot_name", "pid"}),
    gauge("upkeep_postgres_standby_replay_lag_seconds", "Time until the standby has replayed what is written here.",
          {"server", "application_name", "client_addr", "state", "slot_name", "pid"}),
};
constexpr std::string_view kSendersSql = R"(
SELECT r.application_name, r.client_addr, r.state, s.slot_name, r.pid,
       pg_wal_lsn_diff(w.lsn, '0/0'), pg_wal_lsn_diff(w.lsn, r.replay_lsn), extract(epoch FROM r.replay_lag)
FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid
CROSS JOIN (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END) w(lsn)
ORDER BY 1, 2, 5 LIMIT 200)";

constexpr std::array kStandbys = {
    gauge("upkeep_postgres_streaming_standbys", "Standbys that stream from this server; subscribers do not count.",
          {"server"}),
};
constexpr std::string_view kStandbysSql = R"(
SELECT count(*) FROM pg_stat_replication r
WHERE state = 'streaming'
  AND NOT EXISTS (SELECT FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical'))";

constexpr std::array kSlots = {
    gauge("pg_replication_slots_slot_current_wal_lsn", "Position of the WAL, in bytes.",
          {"server", "slot_name", "slot_type"}),
    gauge("pg_replication_slots_slot_confirmed_flush_lsn", "Position that the slot's consumer confirmed, in bytes.",
          {"server", "slot_name", "slot_type"}),
    gauge("pg_replication_slots_slot_is_active", "Whether somebody consumes the slot.",
          {"server", "slot_name", "slot_type"}),
    gauge("pg_replication_slots_safe_wal_size_bytes", "WAL that may be written before the slot is in danger of loss.",
          {"server", "slot_name", "slot_type"}),
    gauge("upkeep_postgres_slot_retained_bytes", "WAL that is kept for the slot.",
          {"server", "slot_name", "slot_type"}),
};
constexpr std::string_view kSlotsSql = R"(
SELECT s.slot_name, s.slot_type, pg_wal_lsn_diff(w.lsn, '0/0'),
       coalesce(pg_wal_lsn_diff(s.confirmed_flush_lsn, '0/0'), 0), s.active::int, s.safe_wal_size,
       greatest(0, pg_wal_lsn_diff(w.lsn, s.restart_lsn))
FROM pg_replication_slots s
CROSS JOIN (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END) w(lsn)
ORDER BY 1 LIMIT 200)";

constexpr std::array kSlotsByDatabase = {
    gauge("pg_replication_slots_active", "Whether somebody consumes the slot.", {"server", "slot_name", "database"}),
    gauge("pg_replication_slots_pg_wal_lsn_diff", "WAL that is kept for the slot, in bytes.",
          {"server", "slot_name", "database"}),
};
constexpr std::string_view kSlotsByDatabaseSql = R"(
SELECT s.slot_name, s.database, s.active::int, pg_wal_lsn_diff(w.lsn, s.restart_lsn)
FROM pg_replication_slots s
CROSS JOIN (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END) w(lsn)
ORDER BY 1 LIMIT 200)";

constexpr std::array kSlotsState = {
    gauge("pg_replication_slots_wal_status", "1 for the state that the slot's WAL is in.",
          {"server", "slot_name", "slot_type", "wal_status"}),
};
constexpr std::string_view kSlotsStateSql = R"(
SELECT slot_name, slot_type, wal_status, 1 FROM pg_replication_slots WHERE wal_status IS NOT NULL
ORDER BY 1 LIMIT 200)";

constexpr std::array kReceiver = {
    counter("pg_stat_wal_receiver_receive_start_lsn", "Where receiving began.",
            {"server", "upstream_host", "slot_name", "status"}),
    gauge("pg_stat_wal_receiver_receive_start_tli", "Timeline where receiving began.",
          {"server", "upstream_host", "slot_name", "status"}),
    counter("pg_stat_wal_receiver_flushed_lsn", "What is on disk.", {"server", "upstream_host", "slot_name", "status"}),
    gauge("pg_stat_wal_receiver_received_tli", "Timeline of what is on disk.",
          {"server", "upstream_host", "slot_name", "status"}),
    counter("pg_stat_wal_receiver_last_msg_send_time", "When the primary sent its last message.",
            {"server", "upstream_host", "slot_name", "status"}),
    counter("pg_stat_wal_receiver_last_msg_receipt_time", "When that message came.",
            {"server", "upstream_host", "slot_name", "status"}),
    counter("pg_stat_wal_receiver_latest_end_lsn", "What was last reported to the primary.",
            {"server", "upstream_host", "slot_name", "status"}),
    counter("pg_stat_wal_receiver_latest_end_time", "When it was reported.",
            {"server", "upstream_host", "slot_name", "status"}),
    gauge("pg_stat_wal_receiver_upstream_node", "Unused by streaming replication.",
          {"server", "upstream_host", "slot_name", "status"}),
};
constexpr std::string_view kReceiverSql = R"(
SELECT sender_host, slot_name, status, pg_wal_lsn_diff(receive_start_lsn, '0/0'), receive_start_tli,
       pg_wal_lsn_diff(flushed_lsn, '0/0'), received_tli, extract(epoch FROM last_msg_send_time),
       extract(epoch FROM last_msg_receipt_time), pg_wal_lsn_diff(latest_end_lsn, '0/0'),
       extract(epoch FROM latest_end_time), NULL
FROM pg_stat_wal_receiver)";

constexpr std::array kQueries = {
    Query{.name = "replication", .sql = kLagSql, .metrics = kLag},
    Query{.name = "standby", .sql = kStandbySql, .metrics = kStandby, .side = Side::kStandby},
    Query{.name = "stat_replication", .sql = kSendersSql, .metrics = kSenders},
    Query{.name = "standbys", .sql = kStandbysSql, .metrics = kStandbys},
    Query{.name = "replication_slots", .sql = kSlotsSql, .metrics = kSlots},
    Query{.name = "replication_slots_database", .sql = kSlotsByDatabaseSql, .metrics = kSlotsByDatabase},
    Query{.name = "replication_slots_status", .sql = kSlotsStateSql, .metrics = kSlotsState},
    Query{.name = "stat_wal_receiver", .sql = kReceiverSql, .metrics = kReceiver, .side = Side::kStandby},
};

}  // namespace

std::span<const Query> replication_queries() { return kQueries; }

}  // namespace upkeep::postgres
