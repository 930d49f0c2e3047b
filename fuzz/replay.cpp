// Runs a fuzzer over its corpus without libFuzzer, so that every build, also one under a sanitizer, tries each input:
// as it is, and changed a little in ways that are the same each time.
//
// usage: NAME_replay CHANGES FOLDER…     CHANGES: in how many forms each input is tried
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::string changed(std::string input, std::minstd_rand& random) {
  for (auto left = random() % 4 + 1; left > 0 && !input.empty(); --left) {
    const std::size_t at = random() % input.size();
    const std::size_t length = std::min<std::size_t>(random() % 32 + 1, input.size() - at);
    switch (random() % 5) {
      case 0:
        input[at] = static_cast<char>(random());
        break;
      case 1:
        input.erase(at, length);
        break;
      case 2:
        input.insert(at, input.substr(at, length));
        break;
      case 3:
        input.resize(at);
        break;
      default:
        input.insert(at, 1, "<>&\"'\\{}()[]%=\0\n\xff"[random() % 17]);
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  const int changes = argc > 1 ? std::atoi(argv[1]) : 0;
  std::vector<std::filesystem::path> files;
  for (int i = 2; i < argc; ++i)
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(file), {});
    std::minstd_rand random(static_cast<unsigned>(input.size()) + 1);
    run(input);
    for (int i = 0; i < changes; ++i) run(changed(input, random));
  }
  std::printf("%zu inputs, each also in %d changed forms\n", files.size(), changes);
  return files.empty() ? 1 : 0;
}
