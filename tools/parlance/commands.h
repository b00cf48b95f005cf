#pragma once

namespace CLI {
class App;
}

/// The command line: a tree of nouns with verbs (`parlance log verify`). A noun is a file; what it does is run while the line is
/// parsed, and `code` becomes what the program ends with (report.h).
namespace parlance::tools {

void add_serve_commands(CLI::App& app, int& code);         ///< serve; config print
void add_report_commands(CLI::App& app, int& code);        ///< report
void add_doctor_command(CLI::App& app, int& code);         ///< doctor
void add_tail_command(CLI::App& events, int& code);        ///< events tail
void add_log_commands(CLI::App& app, int& code);           ///< log verify, salvage
void add_salvage_command(CLI::App& log, int& code);        ///< log salvage
void add_event_commands(CLI::App& app, int& code);         ///< events cat, tail, get, stats
void add_backup_commands(CLI::App& app, int& code);        ///< backup create, list, verify, restore
void add_view_commands(CLI::App& app, int& code);          ///< view list, status, verify, rebuild
void add_import_command(CLI::App& app, int& code);         ///< import
void add_openapi_command(CLI::App& app, int& code);        ///< openapi
void add_conversation_commands(CLI::App& app, int& code);  ///< conv list, show, timeline, log, at

}  // namespace parlance::tools
