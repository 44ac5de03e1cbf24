#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "soap/xml_document.h"
#include "soap/xml_path.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char sample[] =
    "<Job xmlns='urn:x' n='0'>Page<Page n='1'><Data n='2'/></Page>"
    "<Page n='3'><Data n='4'/><!-- --><Data n='5'/></Page>"
    "<p:Page xmlns:p='urn:y' n='6'/><\xC3\xA9.-_9 n='7'/></Job>";

static int set_up(void **state)
{
    xmlDoc *document = NULL;

    if (wsd_xml_parse(sample, sizeof(sample) - 1, &document) != S_OK)
        return -1;
    *state = document;
    return 0;
}

static int tear_down(void **state)
{
    xmlFreeDoc(*state);
    return 0;
}

static void find__path_of_an_element__gives_that_element(void **state)
{
    static const struct {
        const char *path;
        const char *n;
    } rows[] = {
        {"Job", "0"},
        {"Job[1]", "0"},
        {"Job/Page", "1"},
        {"Job/Page[1]", "1"},
        {"Job/Page/Data", "2"},
        {"Job/Page[2]", "3"},
        {"Job/Page[2]/Data", "4"},
        {"Job[1]/Page[2]/Data[2]", "5"},
        {"Job/Page[3]", "6"}, /* of another namespace */
        {"Job/\xC3\xA9.-_9", "7"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        xmlNode *element = NULL;

        assert_int_equal(
            wsd_xml_path_find(xmlDocGetRootElement(*state), rows[i].path, &element),
            S_OK);
        assert_string_equal((const char *)element->properties->children->content,
                            rows[i].n);
    }
}

static void find__path_of_nothing__not_found(void **state)
{
    static const char *const rows[] = {
        "Other",
        "job",
        "Jo",
        "Jobs",
        "Job[2]",
        "Job/Page[4]",
        "Job/Page[10]",
        "Job/Page[2147483647]",
        "Job/Page/Page",
        "Job/Page/Data[2]",
        "Job/Page/Data/Data",
        "Page",
        "Job/text",
        "Job/\xC3\xA9",
        "Job/\xFF",
        "_",
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        xmlNode *element = xmlDocGetRootElement(*state);

        assert_int_equal(wsd_xml_path_find(element, rows[i], &element),
                         HRESULT_FROM_WIN32(ERROR_NOT_FOUND));
        assert_null(element);
        assert_int_equal(wsd_xml_path_find(NULL, rows[i], &element),
                         HRESULT_FROM_WIN32(ERROR_NOT_FOUND));
    }
}

static void find__no_path__invalid_argument_with_and_without_a_root(void **state)
{
    static const char *const rows[] = {
        "",
        "/",
        "/Job",
        "Job/",
        "Job//Page",
        "Job/Page/",
        " Job",
        "Job ",
        "Job\n",
        "Job Page",
        "1Job",
        "-Job",
        ".Job",
        "..",
        "Job/.",
        "Job/*",
        "Job/@n",
        "p:Page",
        "Job/p:Page",
        "Job\\Page",
        "Job[",
        "Job[]",
        "Job[1",
        "Job]",
        "Job[1]]",
        "Job[1]x",
        "Job[1][1]",
        "[1]",
        "Job/[1]",
        "Job[0]",
        "Job[00]",
        "Job[01]",
        "Job[-1]",
        "Job[+1]",
        "Job[ 1]",
        "Job[1 ]",
        "Job[1.0]",
        "Job[0x1]",
        "Job[a]",
        "Job[2147483648]",
        "Job[4294967297]",
        "Job[18446744073709551617]",
        "Nothing/Job[0]",
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        xmlNode *element = xmlDocGetRootElement(*state);

        assert_int_equal(wsd_xml_path_find(element, rows[i], &element), E_INVALIDARG);
        assert_null(element);
        assert_int_equal(wsd_xml_path_find(NULL, rows[i], &element), E_INVALIDARG);
    }
}

static void find__long_path__is_a_path_up_to_2048_octets(void **state)
{
    char path[2050];
    xmlNode *element;

    memset(path, 'a', sizeof(path));
    path[2048] = '\0';
    assert_int_equal(wsd_xml_path_find(xmlDocGetRootElement(*state), path, &element),
                     HRESULT_FROM_WIN32(ERROR_NOT_FOUND));
    path[2048] = 'a';
    path[2049] = '\0';
    assert_int_equal(wsd_xml_path_find(xmlDocGetRootElement(*state), path, &element),
                     E_INVALIDARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__path_of_an_element__gives_that_element),
        cmocka_unit_test(find__path_of_nothing__not_found),
        cmocka_unit_test(find__no_path__invalid_argument_with_and_without_a_root),
        cmocka_unit_test(find__long_path__is_a_path_up_to_2048_octets),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
