// Gets a file from wsd-file-service with node-soap.  Usage: node get_file.mjs WSDL URL NAME
//
// Writes it to standard output; ends with 1 and prints the fault's words when there is none.
import soap from 'soap';

const [, , wsdl, url, filePath] = process.argv;
const client = await soap.createClientAsync(wsdl, { forceSoap12Headers: true, parseReponseAttachments: true }, url);
try {
    await client.GetFileAsync({ filePath });
    process.stdout.write(client.lastResponseAttachments.parts[0].body);
} catch (error) {
    console.error(error.root?.Envelope.Body.Fault.Reason.Text.$value ?? error);
    process.exitCode = 1;
}
