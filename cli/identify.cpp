// vmms identify
#include "cli/program.hpp"
#include "cli/text.hpp"

namespace vmms::cli {

void add_identify(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("identify", "Show what the server says of itself");
  command->footer("Example:\n  vmms identify --server https://host:5986/wsman --ca host.pem");
  run_online(*command, program, [](Session& session) -> Result<int> {
    const auto identity = session.client().identify();
    if (!identity) return identity.error();
    if (session.console().json) {
      session.console().print(boost::json::value({{"product_vendor", identity->product_vendor},
                                                  {"product_version", identity->product_version},
                                                  {"protocol_version", identity->protocol_version}}));
      return exit_success;
    }
    Sheet sheet;
    sheet.add("Server", session.client().endpoint().url());
    sheet.add("Product", identity->product_vendor);
    sheet.add("Version", identity->product_version);
    sheet.add("Protocol", identity->protocol_version);
    session.console().print(sheet.text());
    return exit_success;
  });
}

}  // namespace vmms::cli
