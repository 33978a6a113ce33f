"""Small source trees with one violation each: check.py has to find it, and has
to be silent about a tree without one."""

import os
import tempfile
import unittest

import check


def violations(tree):
    """What check.py says about a tree given as {path: content}."""
    with tempfile.TemporaryDirectory() as root:
        for path, content in tree.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as f:
                f.write(content)
        return [f"{path}:{line}: {what}" for path, line, what in check.check(root)]


def includes(path, header):
    """What check.py says about a listed file with one include directive."""
    top, _, name = path.replace("include/axiom/", "actors/").partition("/")
    return violations({
        path: f"#include <{header}>\n",
        f"{top}/CMakeLists.txt": f"add({name})\n",
    })


class Layers(unittest.TestCase):
    def assert_clean(self, path, header):
        self.assertEqual(includes(path, header), [])

    def assert_found(self, path, header, words):
        found = includes(path, header)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:1: "), found)
        self.assertIn(words, found[0])

    def test_a_lower_layer_may_not_include_a_higher_one(self):
        self.assert_found("include/axiom/runtime/a.hpp", "axiom/task/b.hpp",
                          "'runtime' includes the higher layer 'task'")
        self.assert_found("actors/coordination/a.cpp", "axiom/resource/b.hpp",
                          "higher layer")
        self.assert_found("actors/observe/a.cpp", "axiom/deploy/b.hpp",
                          "higher layer")

    def test_a_higher_layer_may_include_a_lower_one(self):
        self.assert_clean("include/axiom/deploy/a.hpp", "axiom/task/b.hpp")
        self.assert_clean("actors/task/a.cpp", "axiom/task/b.hpp")
        self.assert_clean("tools/a.cpp", "axiom/deploy/b.hpp")

    def test_error_values_are_below_tasks_and_recovery_above(self):
        self.assert_clean("include/axiom/task/a.hpp", "axiom/error/errc.hpp")
        self.assert_clean("include/axiom/task/a.hpp",
                          "axiom/error/concurrent_errors.hpp")
        self.assert_clean("include/axiom/error/concurrent_errors.hpp",
                          "axiom/task/reference.hpp")
        self.assert_found("include/axiom/task/a.hpp",
                          "axiom/error/retry.hpp", "higher layer 'error'")
        self.assert_found("actors/error/errc.cpp", "axiom/task/a.hpp",
                          "'error values' includes the higher layer")
        self.assert_clean("actors/error/retry.cpp", "axiom/task/a.hpp")

    def test_the_test_kit_sees_layers_up_to_observe(self):
        self.assert_clean("include/axiom/testing/a.hpp", "axiom/observe/b.hpp")
        self.assert_found("include/axiom/testing/a.hpp", "axiom/deploy/b.hpp",
                          "higher layer")

    def test_no_layer_includes_the_test_kit(self):
        self.assert_found("actors/task/a.cpp", "axiom/testing/b.hpp", "test kit")
        self.assert_clean("tests/task/a.cpp", "axiom/testing/b.hpp")

    def test_the_umbrella_header_is_for_users(self):
        self.assert_found("tools/a.cpp", "axiom/axiom.hpp", "umbrella")
        self.assert_clean("examples/a.cpp", "axiom/axiom.hpp")
        self.assert_clean("include/axiom/axiom.hpp", "axiom/coordination/b.hpp")

    def test_internals_of_caf_stay_in_runtime_and_task_detail(self):
        for header in ("caf/monitorable_actor.hpp", "caf/detail/scope_guard.hpp",
                       "caf/scheduler/worker.hpp"):
            self.assert_found("include/axiom/task/a.hpp", header, "internal")
            self.assert_clean("include/axiom/task/detail/a.hpp", header)
            self.assert_clean("actors/runtime/a.cpp", header)
            self.assert_clean("tests/runtime/a.cpp", header)
        self.assert_found("actors/deploy/detail/a.cpp", "caf/attachable.hpp",
                          "internal")
        self.assert_clean("actors/task/a.cpp", "caf/actor.hpp")

    def test_an_umbrella_of_caf_does_not_hide_its_internals(self):
        self.assert_found("actors/runtime/a.cpp", "caf/all.hpp", "are used")

    def test_a_quoted_relative_include_counts_as_well(self):
        found = violations({
            "actors/runtime/a.cpp": '#include "../task/b.hpp"\n',
            "actors/task/b.hpp": "",
            "actors/CMakeLists.txt": "add(runtime/a.cpp)\n",
        })
        self.assertEqual(len(found), 1, found)
        self.assertIn("higher layer 'task'", found[0])

    def test_an_include_in_a_comment_does_not_count(self):
        self.assertEqual(violations({
            "actors/runtime/a.cpp": "/*\n#include <axiom/task/b.hpp>\n*/\n"
                                    "// #include <axiom/task/b.hpp>\n",
            "actors/CMakeLists.txt": "add(runtime/a.cpp)\n",
        }), [])

    def test_a_folder_that_is_no_layer_is_named(self):
        self.assert_found("actors/task/a.cpp", "axiom/helpers/b.hpp", "no layer")


class Files(unittest.TestCase):
    def test_a_file_of_1000_lines_is_the_longest(self):
        self.assertEqual(violations({"README.md": "\n" * 1000}), [])
        self.assertEqual(len(violations({"README.md": "\n" * 1001})), 1)

    def test_a_path_of_a_machine_is_found(self):
        for path in ("home/jane/x", "root/x", "tmp/x"):
            self.assertEqual(len(violations({"a.sh": f"cd /{path}\n"})), 1)
        self.assertEqual(violations({"a.sh": "cd $x/tmp/ /usr/include\n"}), [])

    def test_a_file_that_no_list_names_is_found(self):
        for path in ("include/axiom/task/a.hpp", "actors/task/a.cpp",
                     "tests/task/a.cpp", "bench/a.cpp"):
            self.assertEqual(len(violations({path: ""})), 1, path)

    def test_a_file_listed_in_a_comment_is_not_listed(self):
        self.assertEqual(len(violations({
            "actors/task/a.cpp": "",
            "actors/CMakeLists.txt": "# task/a.cpp\n",
        })), 1)


if __name__ == "__main__":
    unittest.main()
