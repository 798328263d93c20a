// A program with an MQTT sink, to be killed. Argument: the port of the broker.
import { mqttSink } from './mqtt-surroundings.ts';

mqttSink(Number(process.argv[2]), { topic: 'killed', clientId: 'killed', frigate: 'killed/frigate' });
