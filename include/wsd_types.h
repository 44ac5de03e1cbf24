/*
 * wsd_types.h -- the few Windows types, codes and COM names that wsdattach uses, for
 * systems other than Windows.
 *
 * Other libraries bring such names too.  In a unit that also includes vkd3d,
 * DirectX-Headers, the DirectX shader compiler (DXC), dxvk-native or WinPR, this header
 * takes that library's types instead of its own:
 *
 *   theirs first    nothing to do;
 *   ours first      define WSD_WITH_VKD3D, WSD_WITH_DIRECTX_HEADERS, WSD_WITH_DXC,
 *                   WSD_WITH_DXVK or WSD_WITH_WINPR before, and theirs is included here.
 *
 * With DXC, ERROR_NOT_FOUND, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER and
 * ERROR_INSUFFICIENT_BUFFER are its errno values, not the numbers that our functions
 * return, and its ULONG has 8 bytes: pass an LPDWORD the address of a DWORD.
 */
#ifndef WSD_TYPES_H
#define WSD_TYPES_H

#ifdef _WIN32
#    error "wsdattach is for other systems than Windows; there, include <wsdapi.h>"
#endif

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- How our functions are declared ---------------------------------------------- */

/* Always the platform's own convention.  STDMETHODCALLTYPE and WINAPI may not be used for
 * this: vkd3d gives them Microsoft's convention, and the compiler would not tell. */
#define WSD_CALL

#if defined(__GNUC__)
#    define WSD_API __attribute__((visibility("default")))
#else
#    define WSD_API
#endif

/* The symbol of a function that has Microsoft's name and would clash with that of another
 * library: the source says InternetOpenA, the linker wsd_InternetOpenA. */
#if defined(__APPLE__)
#    define WSD_LINK_NAME(name) __asm__("_wsd_" #    name)
#else
#    define WSD_LINK_NAME(name) __asm__("wsd_" #    name)
#endif

/* An interface class is implemented on the far side of the library's boundary; the
 * optimiser must not believe that it sees every implementation. */
#define WSD_INTERFACE WSD_API

/* ---- Whose types these are ------------------------------------------------------- */

#if defined(WSD_WITH_VKD3D)
#    include <vkd3d_windows.h>
#elif defined(WSD_WITH_DIRECTX_HEADERS)
#    include <unknwn.h>
#elif defined(WSD_WITH_DXC)
#    include <dxc/WinAdapter.h>
#elif defined(WSD_WITH_DXVK)
#    include <windows.h>
#elif defined(WSD_WITH_WINPR)
#    include <winpr/wtypes.h>
#endif

#if defined(__VKD3D_WINDOWS_H)
#    define WSD_TYPES_OF_VKD3D
#    define WSD_UNKNOWN wsd_unknown
#    define WSD_UNKNOWN_IS_OURS
#elif defined(LLVM_SUPPORT_WIN_ADAPTER_H) && defined(__cplusplus)
#    define WSD_TYPES_OF_DXC
#    define WSD_UNKNOWN wsd_unknown
#    define WSD_UNKNOWN_IS_OURS
#elif defined(DECLARE_UUIDOF_HELPER) && defined(__MSABI_LONG)
#    define WSD_TYPES_OF_DXVK
#    define WSD_UNKNOWN IUnknown
#    include <unknwn.h>
#elif defined(RPC_NO_WINDOWS_H) && defined(COM_NO_WINDOWS_H) && defined(_countof)
#    define WSD_TYPES_OF_DIRECTX_HEADERS
#    define WSD_UNKNOWN IUnknown
#    include <unknwn.h>
#elif defined(WINPR_WTYPES_H)
#    define WSD_TYPES_OF_WINPR
#    include <winpr/error.h> /* its codes have no guards: they must come before ours */
#else
#    define WSD_TYPES_ARE_OURS
#endif

/* ---- Integers -------------------------------------------------------------------- */

/* The widths of Windows: LONG, ULONG and BOOL have 32 bits and are never `long`. */
#ifdef WSD_TYPES_ARE_OURS
typedef int32_t HRESULT;
typedef uint8_t BYTE;
typedef uint32_t DWORD;
typedef int32_t LONG;
typedef uint32_t ULONG;
typedef int32_t BOOL;
#endif

/* Not every one of the five has these; where they do, they are the same types. */
typedef uint16_t WORD;
typedef BYTE *LPBYTE;
typedef DWORD *LPDWORD;
typedef void *PVOID;
typedef void *LPVOID;
typedef const void *LPCVOID;
typedef char CHAR;
typedef char *LPSTR;
typedef const char *LPCSTR;
#ifndef WSD_TYPES_OF_WINPR
typedef uintptr_t DWORD_PTR;
#endif

#ifndef TRUE
#    define TRUE 1
#endif
#ifndef FALSE
#    define FALSE 0
#endif
#ifndef INFINITE
#    define INFINITE 0xFFFFFFFF
#endif

/* ---- Result codes ---------------------------------------------------------------- */

#ifndef SUCCEEDED
#    define SUCCEEDED(hr) (((HRESULT)(hr)) >= 0)
#endif
#ifndef FAILED
#    define FAILED(hr) (((HRESULT)(hr)) < 0)
#endif

/* A constant expression when `code` is one. */
#ifndef HRESULT_FROM_WIN32
#    define HRESULT_FROM_WIN32(code)                                                     \
        ((HRESULT)(code) <= 0 ? (HRESULT)(code)                                          \
                              : (HRESULT)(((uint32_t)(code)&0xFFFFu) | 0x80070000u))
#endif

#ifndef S_OK
#    define S_OK ((HRESULT)0)
#endif
#ifndef S_FALSE
#    define S_FALSE ((HRESULT)1)
#endif
/* Nothing was taken, try again: a success code, so that only `hr == S_OK` tells. */
#ifndef STG_S_BLOCK
#    define STG_S_BLOCK ((HRESULT)0x00030201)
#endif
#ifndef E_PENDING
#    define E_PENDING ((HRESULT)0x8000000Au)
#endif
#ifndef E_NOTIMPL
#    define E_NOTIMPL ((HRESULT)0x80004001u)
#endif
#ifndef E_NOINTERFACE
#    define E_NOINTERFACE ((HRESULT)0x80004002u)
#endif
#ifndef E_POINTER
#    define E_POINTER ((HRESULT)0x80004003u)
#endif
#ifndef E_ABORT
#    define E_ABORT ((HRESULT)0x80004004u)
#endif
#ifndef E_FAIL
#    define E_FAIL ((HRESULT)0x80004005u)
#endif
#ifndef E_UNEXPECTED
#    define E_UNEXPECTED ((HRESULT)0x8000FFFFu)
#endif
#ifndef E_ACCESSDENIED
#    define E_ACCESSDENIED ((HRESULT)0x80070005u)
#endif
#ifndef E_HANDLE
#    define E_HANDLE ((HRESULT)0x80070006u)
#endif
#ifndef E_OUTOFMEMORY
#    define E_OUTOFMEMORY ((HRESULT)0x8007000Eu)
#endif
#ifndef E_INVALIDARG
#    define E_INVALIDARG ((HRESULT)0x80070057u)
#endif

#ifndef ERROR_SUCCESS
#    define ERROR_SUCCESS 0
#endif
#ifndef ERROR_TOO_MANY_OPEN_FILES
#    define ERROR_TOO_MANY_OPEN_FILES 4
#endif
#ifndef ERROR_INVALID_HANDLE
#    define ERROR_INVALID_HANDLE 6
#endif
#ifndef ERROR_OUTOFMEMORY
#    define ERROR_OUTOFMEMORY 14
#endif
#ifndef ERROR_BAD_LENGTH
#    define ERROR_BAD_LENGTH 24
#endif
#ifndef ERROR_NOT_SUPPORTED
#    define ERROR_NOT_SUPPORTED 50
#endif
#ifndef ERROR_ALREADY_ASSIGNED
#    define ERROR_ALREADY_ASSIGNED 85
#endif
#ifndef ERROR_INVALID_PARAMETER
#    define ERROR_INVALID_PARAMETER 87
#endif
#ifndef ERROR_INSUFFICIENT_BUFFER
#    define ERROR_INSUFFICIENT_BUFFER 122
#endif
#ifndef ERROR_ALREADY_EXISTS
#    define ERROR_ALREADY_EXISTS 183
#endif
#ifndef ERROR_POSSIBLE_DEADLOCK
#    define ERROR_POSSIBLE_DEADLOCK 1131
#endif
#ifndef ERROR_NOT_FOUND
#    define ERROR_NOT_FOUND 1168
#endif
#ifndef ERROR_NO_SYSTEM_RESOURCES
#    define ERROR_NO_SYSTEM_RESOURCES 1450
#endif
#ifndef ERROR_INVALID_OPERATION
#    define ERROR_INVALID_OPERATION 4317
#endif

/* ---- GUIDs ----------------------------------------------------------------------- */

#if defined(WSD_TYPES_ARE_OURS) && !defined(GUID_DEFINED)
#    define GUID_DEFINED
typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID;
#endif
typedef GUID IID;
typedef GUID wsd_guid;

/* Our declarations do not use REFIID: WinPR's takes no const IID. */
#if !defined(REFIID) && !defined(WSD_TYPES_OF_WINPR) && !defined(WSD_TYPES_OF_DXC)
#    ifdef __cplusplus
#        define REFIID const IID &
#    else
#        define REFIID const IID *
#    endif
#endif

#ifdef WSD_TYPES_ARE_OURS
#    ifdef __cplusplus
extern "C++" {
inline bool operator==(const GUID &a, const GUID &b)
{
    return memcmp(&a, &b, sizeof(GUID)) == 0;
}
inline bool operator!=(const GUID &a, const GUID &b)
{
    return !(a == b);
}
}
#        define IsEqualGUID(a, b) ((a) == (b))
#    else
#        define IsEqualGUID(a, b) (memcmp((a), (b), sizeof(GUID)) == 0)
#    endif
#    define IsEqualIID(a, b) IsEqualGUID(a, b)
#else
/* A library whose types do not fit the binary layout may not compile. */
typedef char wsd_assert_HRESULT_has_4_bytes[sizeof(HRESULT) == 4 ? 1 : -1];
typedef char wsd_assert_DWORD_has_4_bytes[sizeof(DWORD) == 4 ? 1 : -1];
typedef char wsd_assert_GUID_has_16_bytes[sizeof(GUID) == 16 ? 1 : -1];
#endif

/* For code that carries Microsoft's spelling. */
#ifndef STDMETHODCALLTYPE
#    define STDMETHODCALLTYPE
#endif
#ifndef WINAPI
#    define WINAPI
#endif

/* ---- __uuidof and IID_PPV_ARGS --------------------------------------------------- */

#if defined(__cplusplus) && !defined(CINTERFACE)
extern "C++" {

/* WSD_DECLARE_UUID stands before the interface's definition.  Where another library has
 * its own __uuidof, that one learns our interfaces. */
#    if defined(__CRT_UUID_DECL)
#        define WSD_DECLARE_UUID(type, text, l, w1, w2, ...)                             \
            __CRT_UUID_DECL(type, l, w1, w2, __VA_ARGS__)
#    elif defined(CROSS_PLATFORM_UUIDOF)
#        define WSD_DECLARE_UUID(type, text, l, w1, w2, ...)                             \
            CROSS_PLATFORM_UUIDOF(type, text)
#    else
template <class T> struct wsd_uuid;
template <class T> struct wsd_uuid<T *> : wsd_uuid<T> {
};
template <class T> struct wsd_uuid<T &> : wsd_uuid<T> {
};
template <class T> struct wsd_uuid<const T> : wsd_uuid<T> {
};
#        define WSD_DECLARE_UUID(type, text, l, w1, w2, ...)                             \
            template <> struct wsd_uuid<type> {                                          \
                static const GUID &value()                                               \
                {                                                                        \
                    static const GUID id = {l, w1, w2, {__VA_ARGS__}};                   \
                    return id;                                                           \
                }                                                                        \
            };
#        ifndef __uuidof
#            define __uuidof(type_or_value) wsd_uuid<__typeof__(type_or_value)>::value()
#        endif
#    endif

#    if defined(WSD_TYPES_OF_VKD3D) /* whose __uuidof compiles in GNU dialects only */
#        define WSD_UUIDOF(type) __vkd3d_uuidof<type>()
#    else
#        define WSD_UUIDOF(type) __uuidof(type)
#    endif

#    ifndef IID_PPV_ARGS
template <class T> GUID wsd_iid_of(T **)
{
    return WSD_UUIDOF(T);
}
/* Compiles for pointers to interfaces only; reads none. */
template <class T> void **wsd_interface_out(T **out)
{
    static_cast<void>(sizeof((*out)->Release()));
    return reinterpret_cast<void **>(out);
}
#        define IID_PPV_ARGS(out) wsd_iid_of(out), wsd_interface_out(out)
#    endif
}
#endif

/* ---- IUnknown -------------------------------------------------------------------- */

#ifdef __cplusplus
extern "C" {
#endif
/* 00000000-0000-0000-C000-000000000046, under a name that no other library exports. */
WSD_API extern const wsd_guid wsd_iid_unknown;
#ifdef __cplusplus
}
#endif

/* vkd3d's IUnknown has Microsoft's calling convention on x86-64, and DXC's returns 8
 * bytes where ours returns 4.  Beside these two, the base of our interfaces is
 * wsd_unknown, which has the layout of IUnknown; elsewhere it is IUnknown. */
#ifndef WSD_UNKNOWN
#    define WSD_UNKNOWN IUnknown
#    ifndef __IUnknown_INTERFACE_DEFINED__
#        define __IUnknown_FWD_DEFINED__
#        define __IUnknown_INTERFACE_DEFINED__
#        define WSD_DEFINES_IUNKNOWN
#        define IID_IUnknown wsd_iid_unknown
typedef struct IUnknown IUnknown;
typedef IUnknown *LPUNKNOWN;
#    endif
#endif

#if defined(__cplusplus) && !defined(CINTERFACE)
#    if defined(WSD_UNKNOWN_IS_OURS) || defined(WSD_DEFINES_IUNKNOWN)
struct WSD_UNKNOWN;
extern "C++" {
WSD_DECLARE_UUID(WSD_UNKNOWN, "00000000-0000-0000-c000-000000000046", 0x00000000, 0x0000,
                 0x0000, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46)

struct WSD_INTERFACE WSD_UNKNOWN {
    virtual HRESULT WSD_CALL QueryInterface(const wsd_guid &riid, void **ppvObject) = 0;
    virtual uint32_t WSD_CALL AddRef() = 0;
    virtual uint32_t WSD_CALL Release() = 0;

    template <class Q> HRESULT QueryInterface(Q **out)
    {
        return QueryInterface(WSD_UUIDOF(Q), reinterpret_cast<void **>(out));
    }

  protected:
    ~WSD_UNKNOWN() = default; /* a virtual one would take vtable slots */
};
}

#    endif
#elif defined(WSD_DEFINES_IUNKNOWN)

typedef struct IUnknownVtbl {
    HRESULT(WSD_CALL *QueryInterface)
    (IUnknown *This, const wsd_guid *riid, void **ppvObject);
    uint32_t(WSD_CALL *AddRef)(IUnknown *This);
    uint32_t(WSD_CALL *Release)(IUnknown *This);
} IUnknownVtbl;

struct IUnknown {
    const IUnknownVtbl *lpVtbl;
};

#    ifdef COBJMACROS
#        define IUnknown_QueryInterface(This, riid, ppvObject)                           \
            ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#        define IUnknown_AddRef(This) ((This)->lpVtbl->AddRef(This))
#        define IUnknown_Release(This) ((This)->lpVtbl->Release(This))
#    endif
#endif

#endif
