#include "cli/text.hpp"

#include "cli/help.hpp"

#include <gtest/gtest.h>

namespace vmms::cli {
namespace {

TEST(Help, IsBrokenBetweenWords) {
  EXPECT_EQ(wrapped("one two three", 7), "one two\nthree");
  EXPECT_EQ(wrapped("one two three", 3), "one\ntwo\nthree");
  EXPECT_EQ(wrapped("a word that is longer", 4), "a\nword\nthat\nis\nlonger") << "it is not cut";
  EXPECT_EQ(wrapped("lines\nthat are there", 80), "lines\nthat are there");
  EXPECT_EQ(wrapped("its end\n", 80), "its end\n");
  EXPECT_EQ(wrapped("", 80), "");
}

TEST(PrintableTest, LeavesTextAlone) {
  EXPECT_EQ(printable("nginx.service \xE4\xBB\xAE\xE6\x83\xB3 \xF0\x9F\x98\x80"),
            "nginx.service \xE4\xBB\xAE\xE6\x83\xB3 \xF0\x9F\x98\x80");
  EXPECT_EQ(printable(""), "");
}

TEST(PrintableTest, TakesTheCommandsOutOfText) {
  EXPECT_EQ(printable("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07");
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\x0ab\\x09c\\x0dd");
  EXPECT_EQ(printable("a\nb\tc\rd", true), "a\nb\tc\\x0dd");
  EXPECT_EQ(printable("\xC2\x9B"), "\\u009b");  // the one-character CSI
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\\u202eb");  // reverses what follows
  EXPECT_EQ(printable("\x7f"), "\\x7f");
}

TEST(PrintableTest, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("x\xE4\xBB"), "x\\xe4\\xbb");         // cut off
}

TEST(DisplayWidthTest, CountsColumns) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("\xE4\xBB\xAE\xE6\x83\xB3"), 4U);  // two ideographs
  EXPECT_EQ(display_width("e\xCC\x81"), 1U);                 // a letter and a combining accent
}

TEST(TableTest, AlignsColumns) {
  Table table({"NAME", "STATE", "ID"});
  table.add({"demo", "running", "1"});
  table.add({"\xE4\xBB\xAE\xE6\x83\xB3\xE6\xA9\x9F", "", "2"});
  table.add({"a\nb"});
  EXPECT_EQ(table.text(),
            "NAME    STATE    ID\n"
            "demo    running  1\n"
            "\xE4\xBB\xAE\xE6\x83\xB3\xE6\xA9\x9F  -        2\n"
            "a\\x0ab  -        -\n");
}

TEST(SheetTest, FurtherLinesStandUnderTheFirst) {
  Sheet sheet;
  sheet.add("A", "one");
  sheet.add("Longer", "two\n\nthree");
  sheet.add("Empty", "");
  EXPECT_EQ(sheet.text(),
            "A       one\n"
            "Longer  two\n"
            "\n"
            "        three\n"
            "Empty\n");
}

}  // namespace
}  // namespace vmms::cli
