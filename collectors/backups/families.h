// Every family of backups.
#pragma once

#include <array>

#include "exporter/metric.h"

namespace upkeep::backups {

// Of what lies there.
inline constexpr MetricDesc kLast = gauge("upkeep_backup_last_timestamp_seconds",
                                          "When the newest complete backup was written; 0: there is none.", {"backup"});
inline constexpr MetricDesc kSize =
    gauge("upkeep_backup_size_bytes", "Size of the newest complete backup.", {"backup"});
inline constexpr MetricDesc kPreviousSize =
    gauge("upkeep_backup_previous_size_bytes", "Size of the complete backup before the newest.", {"backup"});
inline constexpr MetricDesc kFiles = gauge("upkeep_backup_files", "Complete backups.", {"backup"});
inline constexpr MetricDesc kTotal = gauge("upkeep_backup_total_bytes", "Size of all complete backups.", {"backup"});
inline constexpr MetricDesc kOldest =
    gauge("upkeep_backup_oldest_timestamp_seconds", "When the oldest complete backup was written.", {"backup"});
inline constexpr MetricDesc kExpired =
    gauge("upkeep_backup_expired_files", "Complete backups older than they are to be retained.", {"backup"});
inline constexpr MetricDesc kInProgress =
    gauge("upkeep_backup_in_progress_files", "Backups that are being written.", {"backup"});
inline constexpr MetricDesc kTemporary =
    gauge("upkeep_backup_temporary_files", "Files whose names say that they are not complete, and dumps given up.",
          {"backup"});
inline constexpr MetricDesc kTemporaryOldest =
    gauge("upkeep_backup_temporary_oldest_timestamp_seconds",
          "When the oldest of the temporary files was last written.", {"backup"});
inline constexpr MetricDesc kFuture =
    gauge("upkeep_backup_future_files", "Complete backups dated later than now: they count as none.", {"backup"});
inline constexpr MetricDesc kFree =
    gauge("upkeep_backup_free_bytes", "Space left in the file system where the newest backup lies.", {"backup"});
inline constexpr MetricDesc kNextSize = gauge(
    "upkeep_backup_next_size_bytes", "Likely size of the next backup: the largest of the last three.", {"backup"});
inline constexpr MetricDesc kSourceUp =
    gauge("upkeep_backup_source_up", "Whether everything could be looked at.", {"backup"});
inline constexpr MetricDesc kSourceFailed =
    gauge("upkeep_backup_source_failed", "Why not everything could be looked at: 1.", {"backup", "reason"});
inline constexpr MetricDesc kStateWritable = gauge(
    "upkeep_backup_state_writable", "Whether what is known can be kept for the next start of the program.", {"backup"});

// Of what is expected, for the rules.
inline constexpr MetricDesc kMaxAge =
    gauge("upkeep_backup_max_age_seconds", "Age at which the newest backup is too old.", {"backup"});
inline constexpr MetricDesc kInterval =
    gauge("upkeep_backup_interval_seconds", "Time between two backups, as it should be.", {"backup"});
inline constexpr MetricDesc kMinSize =
    gauge("upkeep_backup_min_size_bytes", "Size below which a backup is too small.", {"backup"});
inline constexpr MetricDesc kMaxShrink =
    gauge("upkeep_backup_max_shrink_ratio", "Share of the previous backup's size by which the next may be smaller.",
          {"backup"});
inline constexpr MetricDesc kRetention =
    gauge("upkeep_backup_retention_seconds", "Age at which backups are to be removed.", {"backup"});
inline constexpr MetricDesc kVerifyWithin =
    gauge("upkeep_backup_verify_within_seconds", "Time in which a new backup is to be verified.", {"backup"});
inline constexpr MetricDesc kRestoreInterval =
    gauge("upkeep_backup_restore_interval_seconds", "Time between two trial restores, as it should be.", {"backup"});

// Of the archive.
inline constexpr MetricDesc kArchiveLast =
    gauge("upkeep_backup_archive_last_timestamp_seconds",
          "When the newest backup of the archive was written; 0: there is none.", {"backup"});
inline constexpr MetricDesc kArchiveFiles =
    gauge("upkeep_backup_archive_files", "Complete backups in the archive.", {"backup"});
inline constexpr MetricDesc kArchiveMaxAge = gauge(
    "upkeep_backup_archive_max_age_seconds", "Age at which the newest backup of the archive is too old.", {"backup"});

// Of verifying.
inline constexpr MetricDesc kVerified =
    gauge("upkeep_backup_verified",
          "Whether the newest backup that was read whole is good: 1, or 0. Absent before the first.", {"backup"});
inline constexpr MetricDesc kVerifiedAt =
    gauge("upkeep_backup_verified_timestamp_seconds", "When verifying that backup ended; 0: never.", {"backup"});
inline constexpr MetricDesc kVerifiedBackup =
    gauge("upkeep_backup_verified_backup_timestamp_seconds",
          "When the newest backup that was found good was written; 0: none was.", {"backup"});
inline constexpr MetricDesc kVerifyDuration =
    gauge("upkeep_backup_verify_duration_seconds", "How long verifying the newest of them took.", {"backup"});
inline constexpr MetricDesc kVerifyBytes =
    gauge("upkeep_backup_verify_bytes", "Bytes that were read to verify the newest of them.", {"backup"});
inline constexpr MetricDesc kVerifyCoverage =
    gauge("upkeep_backup_verify_coverage_ratio", "Share of its bytes of which a checksum would show every change.",
          {"backup"});
inline constexpr MetricDesc kVerifyFailure =
    gauge("upkeep_backup_verify_failure_info", "Why the newest of them is not good: 1.", {"backup", "reason"});
inline constexpr MetricDesc kCorruptFiles =
    gauge("upkeep_backup_corrupt_files", "Backups that were read and are not good.", {"backup"});
inline constexpr MetricDesc kUnverified =
    gauge("upkeep_backup_unverified_files", "Complete backups that were not verified yet.", {"backup"});
inline constexpr MetricDesc kVerifying =
    gauge("upkeep_backup_verifying", "Whether a backup is being verified.", {"backup"});
inline constexpr MetricDesc kVerifyRead =
    counter("upkeep_backup_verify_read_bytes_total", "Bytes read to verify backups.", {"backup"});

// Of trial restores.
inline constexpr MetricDesc kRestoreSuccess =
    gauge("upkeep_backup_restore_success",
          "Whether the last trial restore succeeded: 1, or 0. Absent before the first.", {"backup"});
inline constexpr MetricDesc kRestoreAt =
    gauge("upkeep_backup_restore_timestamp_seconds", "When the last trial restore ended; 0: never.", {"backup"});
inline constexpr MetricDesc kRestoreSuccessAt =
    gauge("upkeep_backup_restore_success_timestamp_seconds",
          "When the last trial restore that succeeded ended; 0: never.", {"backup"});
inline constexpr MetricDesc kRestoreBackup = gauge("upkeep_backup_restore_backup_timestamp_seconds",
                                                   "When the backup that was restored last was written.", {"backup"});
inline constexpr MetricDesc kRestoreDuration =
    gauge("upkeep_backup_restore_duration_seconds", "How long the last trial restore took.", {"backup"});
inline constexpr MetricDesc kRestoreTables =
    gauge("upkeep_backup_restore_tables", "Tables that the last trial restore brought.", {"backup"});
inline constexpr MetricDesc kRestoreRows =
    gauge("upkeep_backup_restore_rows", "Rows that the last trial restore brought.", {"backup"});
inline constexpr MetricDesc kRestoreFailedChecks =
    gauge("upkeep_backup_restore_failed_checks", "Checks that the last trial restore did not pass.", {"backup"});
inline constexpr MetricDesc kRestoreFailure =
    gauge("upkeep_backup_restore_failure_info", "Why the last trial restore failed: 1.", {"backup", "reason"});
inline constexpr MetricDesc kRestoreRunning =
    gauge("upkeep_backup_restore_running", "Whether a trial restore is under way.", {"backup"});

// Of reports.
inline constexpr MetricDesc kReportAt =
    gauge("upkeep_backup_report_timestamp_seconds", "When the backup tool's report was written.", {"backup"});
inline constexpr MetricDesc kReportError =
    gauge("upkeep_backup_report_error", "Whether the backup tool itself speaks of an error.", {"backup"});

inline constexpr auto kAllFamilies = std::to_array<const MetricDesc*>({&kLast,
                                                                       &kSize,
                                                                       &kPreviousSize,
                                                                       &kFiles,
                                                                       &kTotal,
                                                                       &kOldest,
                                                                       &kExpired,
                                                                       &kInProgress,
                                                                       &kTemporary,
                                                                       &kTemporaryOldest,
                                                                       &kFuture,
                                                                       &kFree,
                                                                       &kNextSize,
                                                                       &kSourceUp,
                                                                       &kSourceFailed,
                                                                       &kStateWritable,
                                                                       &kMaxAge,
                                                                       &kInterval,
                                                                       &kMinSize,
                                                                       &kMaxShrink,
                                                                       &kRetention,
                                                                       &kVerifyWithin,
                                                                       &kRestoreInterval,
                                                                       &kArchiveLast,
                                                                       &kArchiveFiles,
                                                                       &kArchiveMaxAge,
                                                                       &kVerified,
                                                                       &kVerifiedAt,
                                                                       &kVerifiedBackup,
                                                                       &kVerifyDuration,
                                                                       &kVerifyBytes,
                                                                       &kVerifyCoverage,
                                                                       &kVerifyFailure,
                                                                       &kCorruptFiles,
                                                                       &kUnverified,
                                                                       &kVerifying,
                                                                       &kVerifyRead,
                                                                       &kRestoreSuccess,
                                                                       &kRestoreAt,
                                                                       &kRestoreSuccessAt,
                                                                       &kRestoreBackup,
                                                                       &kRestoreDuration,
                                                                       &kRestoreTables,
                                                                       &kRestoreRows,
                                                                       &kRestoreFailedChecks,
                                                                       &kRestoreFailure,
                                                                       &kRestoreRunning,
                                                                       &kReportAt,
                                                                       &kReportError});

}  // namespace upkeep::backups
