#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "axiom/deploy/digest/digest_line.hpp"
#include "axiom/deploy/digest/file_hash.hpp"
#include "axiom/deploy/digest/sha256.hpp"
#include "axiom/deploy/digest/tree.hpp"

using namespace axiom::deploy::digest;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t buffer_size = 4096;

std::string hex(const sha256_digest& digest) {
  std::string line;
  append_digest_line(line, digest, "x");
  return line.substr(0, 64);
}

sha256_digest hash_text(std::string_view text) {
  sha256 hash;
  hash.update(std::as_bytes(std::span{text}));
  return hash.finish();
}

struct fixture {
  fixture() {
    std::string name = (fs::temp_directory_path() / "axiom-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()));
    root = name;
  }

  ~fixture() {
    fs::remove_all(root);
  }

  std::string write(const std::string& name, std::string_view text) {
    const auto path = (root / name).string();
    std::ofstream{path, std::ios::binary} << text;
    return path;
  }

  static file_hash::state run(file_hash& hash) {
    auto state = file_hash::state::more;
    while (state == file_hash::state::more)
      state = hash.advance(1);
    return state;
  }

  fs::path root;
};

/// What a command prints.
std::string output_of(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe{
    ::popen(command.c_str(), "r"), &::pclose};
  BOOST_REQUIRE(pipe);
  std::string result;
  std::array<char, 4096> buffer;
  while (const auto n = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
    result.append(buffer.data(), n);
  return result;
}

/// Lists and hashes a whole tree on this thread; returns its digest lines.
std::string digest_all(directory& root) {
  auto visit = [](auto& self, directory& where) -> void {
    BOOST_TEST(where.list().code == 0);
    for (std::size_t i = 0; i < where.entries().size(); ++i) {
      if (where.entries()[i].type == directory::kind::directory) {
        self(self, where.child(i));
      } else {
        std::string path;
        where.append_path(path, where.entries()[i]);
        file_hash hash{path.c_str(), buffer_size};
        BOOST_REQUIRE(fixture::run(hash) == file_hash::state::done);
        where.set_digest(i, hash.digest());
      }
    }
  };
  visit(visit, root);
  std::string result;
  digest_writer writer{root};
  while (writer.next(result, result.size() + 1)) {
    // a line at a time
  }
  return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sha256_values)

BOOST_AUTO_TEST_CASE(match_the_published_examples) {
  // FIPS 180-4, and the empty message.
  BOOST_TEST(hex(hash_text(""))
             == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
                "b855");
  BOOST_TEST(hex(hash_text("abc"))
             == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f200"
                "15ad");
  BOOST_TEST(
    hex(hash_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))
    == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

BOOST_AUTO_TEST_CASE(do_not_depend_on_how_the_bytes_come) {
  const std::string text(10'000, 'a');
  sha256 pieces;
  for (std::size_t i = 0; i < text.size(); i += 7)
    pieces.update(std::as_bytes(std::span{text}).subspan(
      i, std::min<std::size_t>(7, text.size() - i)));
  BOOST_TEST(hex(pieces.finish()) == hex(hash_text(text)));
}

BOOST_AUTO_TEST_CASE(of_two_objects_at_once_do_not_mix) {
  sha256 first;
  first.update(std::as_bytes(std::span{std::string_view{"a"}}));
  BOOST_TEST(hex(hash_text("abc")).substr(0, 8) == "ba7816bf");
  first.update(std::as_bytes(std::span{std::string_view{"bc"}}));
  auto moved = std::move(first);
  BOOST_TEST(hex(moved.finish()).substr(0, 8) == "ba7816bf");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(file_hash_of, fixture)

BOOST_AUTO_TEST_CASE(files_of_all_sizes_around_the_buffer) {
  for (const std::size_t size :
       {0u, 1u, 4095u, 4096u, 4097u, 8192u, 100'000u}) {
    const std::string text(size, 'x');
    const auto path = write("file", text);
    file_hash hash{path.c_str(), buffer_size};
    BOOST_REQUIRE(run(hash) == file_hash::state::done);
    BOOST_TEST(hash.bytes() == size);
    BOOST_TEST(hex(hash.digest()) == hex(hash_text(text)));
  }
}

BOOST_AUTO_TEST_CASE(a_large_file_goes_in_steps) {
  const auto path = write("file", std::string(10 * buffer_size, 'x'));
  file_hash hash{path.c_str(), buffer_size};
  int steps = 1;
  while (hash.advance(2 * buffer_size) == file_hash::state::more)
    ++steps;
  BOOST_TEST(steps == 6);
  BOOST_TEST(hash.bytes() == 10 * buffer_size);
}

BOOST_AUTO_TEST_CASE(what_has_no_size_but_contents) {
  file_hash hash{"/proc/version", buffer_size};
  BOOST_REQUIRE(run(hash) == file_hash::state::done);
  BOOST_TEST(hash.bytes() > 0u);
}

BOOST_AUTO_TEST_CASE(what_vanished_is_an_error) {
  const auto path = (root / "gone").string();
  file_hash hash{path.c_str(), buffer_size};
  BOOST_REQUIRE(run(hash) == file_hash::state::failed);
  BOOST_TEST(to_string(hash.error()) == "No such file or directory (open)");
}

BOOST_AUTO_TEST_CASE(links_pipes_and_directories_is_refused_not_waited_for) {
  const auto target = write("target", "x");
  const auto link = (root / "link").string();
  fs::create_symlink(target, link);
  file_hash of_link{link.c_str(), buffer_size};
  BOOST_REQUIRE(run(of_link) == file_hash::state::failed);
  BOOST_TEST(of_link.error().code == ELOOP);
  const auto pipe = (root / "pipe").string();
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  file_hash of_pipe{pipe.c_str(), buffer_size};
  BOOST_REQUIRE(run(of_pipe) == file_hash::state::failed);
  BOOST_TEST(to_string(of_pipe.error()) == "not a regular file any more");
  const auto folder = root.string();
  file_hash of_folder{folder.c_str(), buffer_size};
  BOOST_CHECK(run(of_folder) == file_hash::state::failed);
}

BOOST_AUTO_TEST_CASE(descriptors_are_given_back) {
  const auto path = write("file", std::string(3 * buffer_size, 'x'));
  const int before = ::dup(0);
  ::close(before);
  {
    file_hash abandoned{path.c_str(), buffer_size};
    BOOST_REQUIRE(abandoned.advance(1) == file_hash::state::more);
    file_hash finished{path.c_str(), buffer_size};
    BOOST_REQUIRE(run(finished) == file_hash::state::done);
  }
  const int after = ::dup(0);
  ::close(after);
  BOOST_TEST(before == after);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(digest_line)

BOOST_AUTO_TEST_CASE(is_the_one_of_sha256sum_for_every_byte_in_a_name) {
  const std::string folder = output_of("mktemp -d | tr -d '\\n'");
  BOOST_REQUIRE(!folder.empty());
  std::string expected_paths;
  std::string lines;
  const auto empty = hash_text("");
  for (int byte = 1; byte < 256; ++byte) {
    if (byte == '/')
      continue;
    const auto path = folder + "/a" + static_cast<char>(byte) + "b";
    const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
      continue; // a file system that does not take this byte
    ::close(fd);
    append_digest_line(lines, empty, path);
  }
  const auto expected = output_of("find " + folder
                                  + " -type f -print0 | LC_ALL=C sort -z "
                                    "| xargs -0 -r sha256sum");
  // The order is by byte here and there.
  BOOST_TEST((lines == expected));
  BOOST_TEST(lines.find("\\e3b0c4") != std::string::npos);
  fs::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(tree, fixture)

BOOST_AUTO_TEST_CASE(is_written_as_find_sort_and_sha256sum_write_it) {
  for (const auto* folder :
       {"a", "a/b", "a.d", "a-d", "a b", "ab", "empty", "n\nl", "\xff\xfe",
        "z/y/x/w"})
    fs::create_directories(root / folder);
  int n = 0;
  for (const auto* file :
       {"a.c", "a/1", "a/b/2", "a/b.c", "a!", "a0", "a.d/x", "a-d/x", "a b/ ",
        "ab/x", "abc", "n\nl/line\nbreak", "\xff\xfe/\x01", "back\\slash",
        "cr\r", "-dash", " lead", "z/y/x/w/deep", "z/y/q", "tab\t", "é"})
    write(file, std::string(static_cast<std::size_t>(n++) * 999, 'x'));
  fs::create_symlink("a.c", root / "link");
  fs::create_symlink("a", root / "link-to-directory");
  BOOST_REQUIRE(::mkfifo((root / "pipe").c_str(), 0600) == 0);
  const auto expected_of = [](const std::string& path) {
    return output_of("find '" + path
                     + "' -type f -print0 | LC_ALL=C sort -z | xargs -0 -r "
                       "sha256sum");
  };
  for (const auto& spelling :
       {root.string(), root.string() + "/", root.string() + "//",
        root.string() + "/.", root.string() + "/a/.."}) {
    directory top{spelling};
    BOOST_TEST((digest_all(top) == expected_of(spelling)), spelling);
  }
}

BOOST_AUTO_TEST_CASE(may_be_a_single_file) {
  const auto path = write("only", "abc");
  directory top{path};
  top.add_single_file();
  file_hash hash{path.c_str(), buffer_size};
  BOOST_REQUIRE(run(hash) == file_hash::state::done);
  top.set_digest(0, hash.digest());
  std::string lines;
  digest_writer writer{top};
  BOOST_TEST(!writer.next(lines, 1 << 20));
  BOOST_TEST(lines == output_of("sha256sum " + path));
}

BOOST_AUTO_TEST_CASE(leaves_out_what_failed_and_what_is_pending) {
  write("done", "");
  write("failed", "");
  write("pending", "");
  directory top{root.string()};
  BOOST_TEST(top.list().code == 0);
  BOOST_TEST_REQUIRE(top.entries().size() == 3u);
  top.set_digest(0, hash_text(""));
  top.set_failed(1);
  std::string lines;
  digest_writer writer{top};
  BOOST_TEST(!writer.next(lines, 1 << 20));
  BOOST_TEST(writer.lines() == 1u);
  BOOST_TEST(lines.ends_with("/done\n"));
}

BOOST_AUTO_TEST_CASE(says_why_a_directory_cannot_be_read) {
  directory gone{(root / "gone").string()};
  BOOST_TEST(to_string(gone.list())
             == "No such file or directory (open directory)");
  const auto file = write("file", "");
  directory not_one{file};
  BOOST_TEST(not_one.list().code == ENOTDIR);
  fs::create_symlink("/", root / "link");
  directory link{(root / "link").string()};
  BOOST_TEST(link.list().code != 0);
}

BOOST_AUTO_TEST_CASE(says_when_descriptors_run_out) {
  const int next = ::dup(0);
  ::close(next);
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next);
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  directory top{root.string()};
  const auto err = top.list();
  file_hash hash{"/proc/version", buffer_size};
  const auto state = hash.advance(1);
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  BOOST_TEST(err.code == EMFILE);
  BOOST_CHECK(state == file_hash::state::failed);
  BOOST_TEST(hash.error().code == EMFILE);
}

BOOST_AUTO_TEST_SUITE_END()
