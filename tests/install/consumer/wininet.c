#include <stdio.h>
#include <wininet.h>

int main(void)
{
    HINTERNET session =
        InternetOpenA("consumer", INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    BOOL closed = InternetCloseHandle(session);

    printf("error %u\n", (unsigned)GetLastError());
    return closed ? 0 : 1;
}
