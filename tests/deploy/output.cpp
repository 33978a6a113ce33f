#include "axiom/deploy/output.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

using namespace axiom::deploy;
namespace fs = std::filesystem;

namespace {

struct fixture {
  fixture() {
    std::string name = (fs::temp_directory_path() / "axiom-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()));
    root = name;
    std::signal(SIGPIPE, SIG_IGN);
  }

  ~fixture() {
    fs::remove_all(root);
  }

  static std::string content(const fs::path& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  std::size_t entries() const {
    return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{root}, fs::directory_iterator{}));
  }

  fs::path root;
};

bool has_code(const output_error& err, int code) {
  return err.code() == code;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(output_file_writes, fixture)

BOOST_AUTO_TEST_CASE(a_file_that_appears_when_it_is_complete) {
  const auto path = root / "out";
  output_file file{path.string()};
  file.write("hello ");
  file.write("world");
  BOOST_TEST(!fs::exists(path));
  file.commit();
  BOOST_TEST(content(path) == "hello world");
  BOOST_TEST(entries() == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_without_a_commit) {
  const auto path = root / "out";
  std::ofstream{path} << "before";
  {
    output_file file{path.string()};
    file.write("half");
  }
  BOOST_TEST(content(path) == "before");
  BOOST_TEST(entries() == 1u);
}

BOOST_AUTO_TEST_CASE(with_the_permissions_of_an_ordinary_file) {
  const auto mask = ::umask(027);
  const auto fresh = root / "fresh";
  output_file first{fresh.string()};
  first.commit();
  ::umask(mask);
  BOOST_CHECK(fs::status(fresh).permissions()
              == static_cast<fs::perms>(0640));
  const auto kept = root / "kept";
  std::ofstream{kept} << "x";
  fs::permissions(kept, static_cast<fs::perms>(0604));
  output_file second{kept.string()};
  second.commit();
  BOOST_CHECK(fs::status(kept).permissions() == static_cast<fs::perms>(0604));
}

BOOST_AUTO_TEST_CASE(through_a_link_which_stays_a_link) {
  fs::create_directory(root / "d");
  fs::create_symlink("d/real", root / "link");
  for (const auto* text : {"one", "two"}) {
    output_file file{(root / "link").string()};
    file.write(text);
    file.commit();
    BOOST_TEST(content(root / "d/real") == text);
  }
  BOOST_TEST(fs::is_symlink(root / "link"));
}

BOOST_AUTO_TEST_CASE(to_a_device_without_replacing_it) {
  output_file file{"/dev/null"};
  file.write("gone");
  file.commit();
  BOOST_TEST(fs::is_character_file("/dev/null"));
}

BOOST_AUTO_TEST_CASE(errors_that_say_where_and_why) {
  BOOST_CHECK_EXCEPTION(output_file{(root / "none/out").string()},
                        output_error, [&](const output_error& err) {
                          return has_code(err, ENOENT)
                                 && std::string{err.what()}
                                      == (root / "none/out").string()
                                           + ": No such file or directory "
                                             "(create)";
                        });
  output_file full{"/dev/full"};
  BOOST_CHECK_EXCEPTION(
    full.write("x"), output_error,
    [](const output_error& err) { return has_code(err, ENOSPC); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(descriptor_sink_writes, fixture)

BOOST_AUTO_TEST_CASE(everything_to_a_slow_reader) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const std::string text(1 << 20, 'x');
  std::string received;
  std::thread reader{[&] {
    std::array<char, 1000> buffer;
    for (;;) {
      const auto n = ::read(ends[0], buffer.data(), buffer.size());
      if (n <= 0)
        return;
      received.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }};
  descriptor_sink sink{ends[1], "pipe"};
  sink.write(text);
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  BOOST_TEST((received == text));
}

BOOST_AUTO_TEST_CASE(until_told_to_stop) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  std::atomic<int> asked{0};
  descriptor_sink sink{ends[1], "pipe"};
  const auto stop = [&] { return ++asked > 20; };
  BOOST_CHECK_EXCEPTION(
    sink.write(std::string(1 << 20, 'x'), stop), output_error,
    [](const output_error& err) { return has_code(err, ECANCELED); });
  ::close(ends[0]);
  ::close(ends[1]);
}

BOOST_AUTO_TEST_CASE(nothing_to_a_reader_that_is_gone) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  ::close(ends[0]);
  descriptor_sink sink{ends[1], "pipe"};
  BOOST_CHECK_EXCEPTION(
    sink.write("x"), output_error,
    [](const output_error& err) { return has_code(err, EPIPE); });
  ::close(ends[1]);
  descriptor_sink closed{ends[1], "closed"};
  BOOST_CHECK_EXCEPTION(
    closed.write("x"), output_error,
    [](const output_error& err) { return has_code(err, EBADF); });
}

BOOST_AUTO_TEST_SUITE_END()
