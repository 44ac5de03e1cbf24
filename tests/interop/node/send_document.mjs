// Prints a document on wsd-virtual-printer with node-soap.
// Usage: node send_document.mjs WSDL URL JOB_ID DOCUMENT
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import soap from 'soap';

const [, , wsdl, url, jobId, path] = process.argv;
const namespace = 'http://schemas.microsoft.com/windows/2006/08/wdp/print';
const client = await soap.createClientAsync(wsdl, { forceSoap12Headers: true }, url);
client.addSoapHeader(`<a:To xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">${url}</a:To>
<a:Action xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">${namespace}/SendDocument</a:Action>
<a:MessageID xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">urn:uuid:${randomUUID()}</a:MessageID>`);
await client.SendDocumentAsync({
    JobId: jobId,
    DocumentData: {
        $xml: '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:document@it"/>',
    },
}, {
    attachments: [{
        mimetype: 'application/octet-stream',
        contentId: 'document@it',
        name: 'document',
        body: readFileSync(path),
    }],
});
