/**
 * The option names that RocksDB 7.8.3 writes into OPTIONS files, by section.
 *
 * RocksDB: options/db_options.cc, options/cf_options.cc, table/block_based/block_based_table_factory.cc
 */

export type OptionSection = 'DBOptions' | 'CFOptions' | 'BlockBasedTable'

/** True for every name when the section's options are not listed here. */
export function isKnownOption(section: OptionSection | undefined, name: string): boolean {
  return section === undefined || knownOptions[section].has(name)
}

function names(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/))
}

const knownOptions: Record<OptionSection, ReadonlySet<string>> = {
  DBOptions: names(`
    WAL_size_limit_MB WAL_ttl_seconds access_hint_on_compaction_start advise_random_on_open allow_2pc
    allow_concurrent_memtable_write allow_data_in_errors allow_fallocate allow_ingest_behind
    allow_mmap_reads allow_mmap_writes atomic_flush avoid_flush_during_recovery
    avoid_flush_during_shutdown avoid_unnecessary_blocking_io best_efforts_recovery
    bgerror_resume_retry_interval bytes_per_sync compaction_readahead_size create_if_missing
    create_missing_column_families db_host_id db_write_buffer_size delayed_write_rate
    delete_obsolete_files_period_micros dump_malloc_stats enable_pipelined_write enable_thread_tracking
    enable_write_thread_adaptive_yield enforce_single_del_contracts error_if_exists
    fail_if_options_file_error file_checksum_gen_factory flush_verify_memtable_count info_log_level
    is_fd_close_on_exec keep_log_file_num listeners log_file_time_to_roll log_readahead_size
    lowest_used_cache_tier manifest_preallocation_size manual_wal_flush max_background_compactions
    max_background_flushes max_background_jobs max_bgerror_resume_count max_file_opening_threads
    max_log_file_size max_manifest_file_size max_open_files max_subcompactions max_total_wal_size
    max_write_batch_group_size_bytes paranoid_checks persist_stats_to_disk random_access_max_buffer_size
    recycle_log_file_num skip_checking_sst_file_sizes_on_db_open skip_stats_update_on_db_open
    stats_dump_period_sec stats_history_buffer_size stats_persist_period_sec strict_bytes_per_sync
    table_cache_numshardbits track_and_verify_wals_in_manifest two_write_queues unordered_write
    use_adaptive_mutex use_direct_io_for_flush_and_compaction use_direct_reads use_fsync
    verify_sst_unique_id_in_manifest wal_bytes_per_sync wal_compression wal_filter wal_recovery_mode
    writable_file_max_buffer_size write_dbid_to_manifest write_thread_max_yield_usec
    write_thread_slow_yield_usec
  `),
  CFOptions: names(`
    arena_block_size blob_compaction_readahead_size blob_compression_type blob_file_size
    blob_file_starting_level blob_garbage_collection_age_cutoff blob_garbage_collection_force_threshold
    bloom_locality bottommost_compression bottommost_compression_opts check_flush_compaction_key_order
    compaction_filter compaction_filter_factory compaction_options_fifo compaction_options_universal
    compaction_pri compaction_style comparator compression compression_opts compression_per_level disable_auto_compactions
    enable_blob_files enable_blob_garbage_collection experimental_mempurge_threshold
    force_consistency_checks hard_pending_compaction_bytes_limit ignore_max_compaction_bytes_for_input
    inplace_update_num_locks inplace_update_support last_level_temperature
    level0_file_num_compaction_trigger level0_slowdown_writes_trigger level0_stop_writes_trigger
    level_compaction_dynamic_file_size level_compaction_dynamic_level_bytes max_bytes_for_level_base
    max_bytes_for_level_multiplier max_bytes_for_level_multiplier_additional max_compaction_bytes
    max_sequential_skip_in_iterations max_successive_merges max_write_buffer_number
    max_write_buffer_number_to_maintain max_write_buffer_size_to_maintain memtable_factory
    memtable_huge_page_size memtable_insert_with_hint_prefix_extractor memtable_prefix_bloom_size_ratio
    memtable_protection_bytes_per_key memtable_whole_key_filtering merge_operator min_blob_size
    min_write_buffer_number_to_merge num_levels optimize_filters_for_hits paranoid_file_checks
    periodic_compaction_seconds preclude_last_level_data_seconds prefix_extractor prepopulate_blob_cache
    preserve_internal_time_seconds report_bg_io_stats sample_for_compression
    soft_pending_compaction_bytes_limit sst_partitioner_factory table_factory target_file_size_base
    target_file_size_multiplier ttl write_buffer_size
  `),
  BlockBasedTable: names(`
    block_align block_restart_interval block_size block_size_deviation cache_index_and_filter_blocks
    cache_index_and_filter_blocks_with_high_priority checksum data_block_hash_table_util_ratio
    data_block_index_type detect_filter_construct_corruption enable_index_compression filter_policy
    flush_block_policy_factory format_version index_block_restart_interval index_shortening index_type
    initial_auto_readahead_size max_auto_readahead_size metadata_block_size metadata_cache_options
    no_block_cache num_file_reads_for_auto_readahead optimize_filters_for_memory partition_filters
    pin_l0_filter_and_index_blocks_in_cache pin_top_level_index_and_filter prepopulate_block_cache
    read_amp_bytes_per_bit verify_compression whole_key_filtering
  `),
}
