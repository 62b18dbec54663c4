"""The faults that the suite is held to, and the tests that bring each about."""

from __future__ import annotations

from typing import NamedTuple


class Scenario(NamedTuple):
    """A fault.

    Attributes:
        fault: what goes wrong.
        tests: those that inject it and look at what is said and kept, as `file::test` within this folder.
    """

    fault: str
    tests: tuple[str, ...]


SCENARIOS = {
    1: Scenario(
        "a training is killed between two steps",
        (
            "test_training_checkpoint.py::test_a_killed_process_costs_no_step_that_was_saved",
            "test_training_checkpoint.py::test_it_goes_on_from_any_step_to_the_same_bits",
            "test_runs_processes.py::test_a_killed_session_loses_no_finished_run_and_the_next_one_does_the_rest",
        ),
    ),
    2: Scenario(
        "a worker process dies",
        (
            "test_report_kept.py::test_a_worker_that_died_is_named",
            "test_runs_processes.py::test_a_process_that_dies_costs_its_own_run_alone_and_the_others_are_not_begun_again",
            "test_sessions_with_faults.py::test_a_run_that_kills_its_process_costs_its_own_claim_alone",
            "test_runs_roster.py::test_a_run_that_kills_the_process_of_several_costs_itself_alone",
        ),
    ),
    3: Scenario(
        "a run or a claim hangs",
        (
            "test_runs_processes.py::test_a_run_that_hangs_is_given_up_with_its_stack_and_the_others_go_on",
            "test_sessions_with_faults.py::test_a_run_that_hangs_is_given_up_with_the_line_that_it_is_at",
            "test_sessions_with_faults.py::"
            "test_a_claim_that_hangs_is_given_up_with_its_stack_and_the_others_are_judged",
        ),
    ),
    4: Scenario(
        "the disk is full",
        (
            "test_store_crash.py::test_a_full_disk_is_reported_with_path_needed_and_free_bytes",
            "test_runs.py::test_a_full_disk_is_reported_and_the_lock_is_free_again",
            "test_runs_processes.py::test_once_the_store_takes_no_more_records_no_run_begins",
            "test_training_checkpoint.py::test_a_full_disk_costs_the_run_nothing",
            "test_report_kept.py::test_a_report_that_cannot_be_written_is_no_changed_verdict",
        ),
    ),
    5: Scenario(
        "a record is cut, empty or changed",
        (
            "test_store_damage.py::test_a_record_that_is_cut_anywhere_is_none",
            "test_store_damage.py::test_a_record_with_any_one_bit_flipped_is_none",
            "test_store_damage.py::"
            "test_whatever_the_damage_the_entry_is_set_aside_with_its_bytes_and_can_be_written_again",
            "test_claims_with_runs.py::test_a_record_with_a_flipped_byte_is_set_aside_and_its_run_done_again",
            "test_sessions_with_faults.py::test_a_damaged_record_is_said_at_the_end_though_all_is_well_again",
        ),
    ),
    6: Scenario(
        "the process ends at any step of a write",
        (
            "test_store_crash.py::test_a_crash_at_any_step_leaves_all_or_nothing_and_the_next_write_tidies_up",
            "test_store_machine.py::test_the_store_keeps_what_it_has_acknowledged",
        ),
    ),
    7: Scenario(
        "two processes want the same run",
        (
            "test_runs_processes.py::test_of_several_processes_one_computes_and_when_it_is_killed_another_does",
            "test_store.py::test_who_waits_is_told_who_holds_the_lock_and_since_when_as_far_as_that_is_known",
            "test_store.py::test_another_result_under_the_same_key_is_refused_and_the_first_is_kept",
        ),
    ),
    8: Scenario(
        "the store can only be read",
        (
            "test_store.py::test_a_store_that_cannot_be_written_says_so_at_the_start_and_is_read",
            "test_store.py::test_an_empty_folder_that_a_file_system_is_mounted_on_is_filled",
            "test_report_kept.py::test_a_file_in_the_place_of_a_folder_is_told_before_any_test",
            "test_commands_train.py::test_a_store_that_can_only_be_read_is_said_before_anything_is_computed",
            "test_sessions_with_faults.py::test_a_store_that_can_only_be_read_is_said_and_what_it_has_is_judged",
            "test_report_kept.py::test_a_report_folder_that_is_a_file_is_told_before_any_test",
        ),
    ),
    9: Scenario(
        "a record or a bundle is of another format",
        (
            "test_store.py::test_an_intact_record_of_another_format_is_left_alone_and_says_what_to_do",
            "test_store.py::test_a_sealed_record_without_a_number_for_its_format_is_corrupt",
            "test_store_bundle.py::test_a_bundle_of_a_newer_suite_says_so_and_nothing_enters",
        ),
    ),
    10: Scenario(
        "a file of a data set is cut",
        (
            "test_data.py::test_a_truncated_file_is_named_with_both_sizes_and_a_remedy",
            "test_claims_with_runs.py::test_a_damaged_data_set_fails_before_anything_is_judged",
        ),
    ),
    11: Scenario(
        "a file of a data set has the right size and another content",
        (
            "test_data.py::test_a_changed_byte_is_found_before_the_content_is_used",
            "test_data.py::test_images_that_decode_to_something_else_than_is_known_are_refused",
            "test_runs_key.py::test_other_data_have_another_key_for_runs_that_read_them_only",
        ),
    ),
    12: Scenario(
        "a data set is not there",
        (
            "test_claims_with_runs.py::test_a_data_set_that_is_not_there_is_said_and_skipped_or_required",
            "test_commands_train.py::test_runs_without_their_data_are_told_and_fail_only_where_data_are_required",
            "test_data_safety.py::test_a_missing_data_set_is_fetched_only_when_that_is_asked_for",
        ),
    ),
    13: Scenario(
        "someone in between changes what is fetched, or leads to plain http",
        (
            "test_data_safety.py::test_plain_http_is_refused_also_where_a_server_redirects_to_it",
            "test_data_safety.py::test_bytes_that_are_not_the_listed_ones_never_reach_the_data_folder",
            "test_data_safety.py::test_a_lost_connection_is_reported_with_the_address_and_the_place",
        ),
    ),
    14: Scenario(
        "an archive leads outside its folder, or is a bomb",
        (
            "test_data_safety.py::test_unsafe_members_of_a_tar_archive_are_named",
            "test_data_safety.py::test_unexpected_members_of_a_zip_archive_are_named",
            "test_data_safety.py::test_a_zip_bomb_is_not_unpacked",
            "test_data_safety.py::test_a_tar_bomb_is_refused",
            "test_data_safety.py::test_a_gzip_bomb_is_unpacked_no_further_than_the_size_that_is_expected",
            "test_store_bundle.py::test_a_member_with_an_unsafe_name_refuses_the_whole_bundle",
        ),
    ),
    15: Scenario(
        "a pickle brings code along",
        (
            "test_data_safety.py::test_a_malicious_pickle_executes_nothing",
            "test_data_safety.py::test_no_function_can_be_named_in_a_pickle",
            "test_data_weights.py::test_a_state_dict_never_runs_code",
            "test_data_pretrained.py::test_pickles_are_never_loaded",
        ),
    ),
    16: Scenario(
        "a loss is not finite",
        (
            "test_training_loop.py::test_divergence_names_the_first_step_whose_loss_is_not_finite",
            "test_training_together.py::"
            "test_a_loss_that_is_not_finite_is_stored_as_diverged_and_the_others_are_what_they_were",
            "test_runs.py::test_a_diverged_run_is_a_finding_and_is_not_tried_again",
            "test_sessions_with_faults.py::test_a_diverged_run_says_where_with_what_loss_and_what_else_it_left",
        ),
    ),
    17: Scenario(
        "a GPU has too little memory",
        (
            "test_runs_together.py::test_without_enough_memory_there_are_half_as_many_at_once",
            "test_runs_together.py::test_a_run_that_is_too_large_alone_fails",
            "test_runs_roster.py::"
            "test_a_gpu_without_enough_memory_has_room_for_fewer_and_what_it_gives_back_is_the_next",
            "test_gpu_check.py::test_each_check_finds_what_it_is_there_for",
        ),
    ),
    18: Scenario(
        "the GPU that was asked for is not there, or is lost",
        (
            "test_sessions_with_faults.py::test_a_device_that_is_not_here_is_told_at_the_start",
            "test_runs_processes.py::test_a_process_that_dies_costs_its_own_run_alone_and_the_others_are_not_begun_again",
        ),
    ),
    19: Scenario(
        "a run does not come out again",
        (
            "test_recheck.py::test_a_mistake_in_the_training_code_is_caught",
            "test_recheck.py::test_any_number_of_a_whole_run_that_changes_is_found_and_named",
            "test_commands_recheck.py::test_what_does_not_come_out_again_fails_and_is_named",
        ),
    ),
    20: Scenario(
        "a record was made under other threads, on another GPU or with another torch",
        (
            "test_runs_key.py::test_every_other_ingredient_counts",
            "test_recheck.py::test_machines_are_the_same_that_round_alike",
            "test_remembering.py::test_other_threads_judge_anew",
        ),
    ),
    21: Scenario(
        "the clock jumps",
        ("test_sessions_with_faults.py::test_a_clock_that_goes_back_changes_no_verdict_and_no_duration",),
    ),
    22: Scenario(
        "someone stops it: Ctrl-C, SIGTERM, SIGKILL, the first failure",
        (
            "test_sessions_with_faults.py::"
            "test_who_stops_a_session_while_it_trains_gets_a_partial_report_and_leaves_no_process",
            "test_sessions_with_faults.py::"
            "test_the_report_before_a_session_that_was_killed_is_taken_for_no_report_of_its_own",
            "test_report_kept.py::test_a_session_that_is_cut_short_reports_what_was_judged_and_what_is_missing",
            "test_report_kept.py::test_a_signal_to_end_ends_with_a_report",
            "test_pytest_habits.py::test_a_signal_in_any_phase_leaves_no_report_that_looks_whole",
            "test_pytest_habits.py::"
            "test_what_was_judged_before_the_first_failure_came_to_the_same_and_the_rest_is_missing",
            "test_commands_train.py::test_a_signal_ends_the_runs_keeps_the_finished_ones_and_still_writes_the_bundle",
            "test_runs_processes.py::test_ctrl_c_ends_the_workers_at_once_and_keeps_what_is_done",
        ),
    ),
    23: Scenario(
        "claims are declared wrongly",
        (
            "test_registry.py::test_every_problem_is_reported_at_once_with_file_and_line",
            "test_registry.py::test_runs_of_a_kind_that_are_none_are_a_problem_with_file_and_line",
            "test_report_kept.py::test_modules_that_cannot_be_collected_leave_a_report_partial_and_the_ledger_as_it_is",
            "test_claims_with_runs.py::test_a_claim_reads_no_run_that_it_does_not_declare",
        ),
    ),
    24: Scenario(
        "cases come in another order in another process",
        (
            "test_sessions_with_faults.py::test_cases_have_the_same_ids_in_the_same_order_whatever_the_hash_seed",
            "test_registry.py::test_every_problem_is_reported_at_once_with_file_and_line",
            "test_runs_key.py::test_keys_are_the_same_in_every_process",
        ),
    ),
    25: Scenario(
        "text would be markup, script, terminal control or invalid XML",
        (
            "test_report.py::test_hostile_text_anywhere_is_shown_and_never_becomes_markup",
            "test_report_kept.py::test_what_a_claim_says_costs_no_other_claim_its_verdict",
            "test_runs_display.py::test_names_and_failures_move_no_cursor_set_no_title_and_fill_no_screen",
            "test_store.py::test_hostile_text_comes_back_literally",
        ),
    ),
    26: Scenario(
        "what was kept of earlier reports is missing, damaged or of another version",
        (
            "test_report_history.py::test_snapshots_come_back_in_order_and_what_is_damaged_or_of_the_future_is_named",
            "test_report_history.py::test_page_markdown_and_terminal_say_what_changed_that_nothing_did_or_that_there_is_no_base",
        ),
    ),
    27: Scenario(
        "a sample says nothing: too few seeds, no variance, ties, a missing arm",
        (
            "test_rules_common.py::test_a_value_that_says_nothing_is_inconclusive",
            "test_rules_common.py::test_fewer_than_two_trials_are_inconclusive",
            "test_rules_common.py::test_a_curve_that_says_nothing_is_inconclusive",
            "test_report_kept.py::test_a_part_that_is_measured_twice_is_refused",
        ),
    ),
    28: Scenario(
        "nothing is selected",
        (
            "test_sessions_with_faults.py::test_a_selection_of_nothing_is_no_success_and_says_of_how_many",
            "test_commands_train.py::test_a_selection_without_claims_is_bad_usage",
            "test_commands_verify.py::test_bad_usage_is_one_clear_line_and_status_2",
        ),
    ),
}

NIGHTS = {
    "each output is written apart and atomically": Scenario(
        "an output of a report cannot be made or written, each in turn",
        (
            "test_report_write.py::test_whichever_file_fails_is_named_and_no_older_one_stands_for_it",
            "test_report_write.py::test_neither_the_history_nor_the_summary_of_a_job_costs_the_report",
            "test_report_history.py::test_a_history_that_cannot_be_written_costs_no_report",
        ),
    ),
    "people are told once, of a change and of a crash": Scenario(
        "three nights: a change, the same again, a segmentation fault",
        ("test_notify.py::test_of_three_nights_the_change_and_the_crash_are_told_and_the_same_again_is_not",),
    ),
    "a trained verdict that turns is unsteady until fresh seeds confirm it": Scenario(
        "a verdict turned by its own seeds alone, one turned by all seeds, and many nights in which nothing moved",
        (
            "test_unsteady.py::test_what_turned_by_its_own_seeds_alone_is_unsteady_and_turns_no_session_red",
            "test_unsteady.py::test_what_fresh_seeds_turn_as_well_has_changed",
            "test_steady.py::test_a_night_in_which_nothing_moved_gives_a_false_alarm_as_rarely_as_one_test_errs",
        ),
    ),
    "a run that killed its process twice is set aside": Scenario(
        "a recipe that kills itself, in three nights",
        ("test_set_aside.py::test_a_run_that_killed_its_process_twice_is_set_aside_in_later_nights_and_shown_by_plan",),
    ),
    "a run that failed or diverged leaves its evidence at its claims": Scenario(
        "a loss that is no number at step 3, a kill, too little memory, a run that hangs",
        (
            "test_remains.py::test_a_loss_that_is_not_a_number_at_step_three_leaves_the_losses_until_then",
            "test_remains.py::test_a_process_that_is_killed_leaves_its_last_lines_and_what_it_had_saved",
            "test_remains.py::test_out_of_memory_in_the_second_epoch_leaves_the_first",
            "test_remains.py::test_a_run_that_hangs_leaves_its_stack",
            "test_remains.py::test_every_claim_that_a_failed_run_leaves_undecided_leads_to_what_it_left",
        ),
    ),
}
"""What nights that nobody watches are promised, and the tests that bring about what would break it."""
