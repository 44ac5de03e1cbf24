/* Compile-time proof that wsd_types.h has the widths, signs and numbers of Windows. */
#include "wsd_types.h"

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a type cannot stand in them */
#define IS(type, expected) _Generic((type *)0, expected * : 1, default : 0)

_Static_assert(IS(BYTE, uint8_t), "BYTE");
_Static_assert(IS(WORD, uint16_t), "WORD");
_Static_assert(IS(DWORD, uint32_t), "DWORD");
_Static_assert(IS(ULONG, DWORD), "programs pass the address of a ULONG as LPDWORD");
_Static_assert(IS(LONG, int32_t), "LONG");
_Static_assert(IS(BOOL, int32_t), "BOOL");
_Static_assert(IS(HRESULT, int32_t), "HRESULT");
_Static_assert(sizeof(DWORD_PTR) == sizeof(void *), "DWORD_PTR");

_Static_assert(sizeof(GUID) == 16 && offsetof(GUID, Data2) == 4 &&
                   offsetof(GUID, Data3) == 6 && offsetof(GUID, Data4) == 8,
               "GUID has no padding");

_Static_assert(SUCCEEDED(S_OK) && SUCCEEDED(S_FALSE) && SUCCEEDED(STG_S_BLOCK),
               "success codes");
_Static_assert(S_OK == 0 && S_FALSE == 1 && STG_S_BLOCK == 0x00030201, "success codes");
_Static_assert(FAILED(E_PENDING) && FAILED(E_NOTIMPL) && FAILED(E_NOINTERFACE) &&
                   FAILED(E_POINTER) && FAILED(E_ABORT) && FAILED(E_FAIL) &&
                   FAILED(E_UNEXPECTED),
               "failures");
_Static_assert(E_ACCESSDENIED == HRESULT_FROM_WIN32(5) &&
                   E_HANDLE == HRESULT_FROM_WIN32(ERROR_INVALID_HANDLE) &&
                   E_OUTOFMEMORY == HRESULT_FROM_WIN32(14) &&
                   E_INVALIDARG == HRESULT_FROM_WIN32(ERROR_INVALID_PARAMETER),
               "failures that have a Win32 number");
_Static_assert((DWORD)HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION) == 0x800710DDu,
               "HRESULT_FROM_WIN32");
_Static_assert(HRESULT_FROM_WIN32(0) == S_OK && HRESULT_FROM_WIN32(E_ABORT) == E_ABORT,
               "HRESULT_FROM_WIN32 keeps what is an HRESULT");
