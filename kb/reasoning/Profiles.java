import java.io.File;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.model.IRI;
import org.semanticweb.owlapi.model.OWLOntology;
import org.semanticweb.owlapi.model.OWLOntologyManager;
import org.semanticweb.owlapi.profiles.OWL2DLProfile;
import org.semanticweb.owlapi.profiles.OWL2RLProfile;
import org.semanticweb.owlapi.profiles.OWLProfile;
import org.semanticweb.owlapi.profiles.OWLProfileViolation;
import org.semanticweb.owlapi.util.SimpleIRIMapper;

/**
 * For each file, with what it imports by the catalog beside it: a line for each OWL 2 DL and OWL 2 RL profile
 * violation (profile, kind, message, axiom, by tabs), then how many ontologies and axioms were read. Runs with
 * OWL API 3.4 to 5.1.
 */
public class Profiles {
    public static void main(String[] files) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        for (String path : files) {
            File file = path.startsWith("file:") ? new File(new URI(path)) : new File(path).getAbsoluteFile();
            OWLOntologyManager manager = OWLManager.createOWLOntologyManager();
            readCatalog(manager, file.getParentFile());
            OWLOntology ontology = manager.loadOntologyFromOntologyDocument(file);
            for (OWLProfile profile : new OWLProfile[] {new OWL2DLProfile(), new OWL2RLProfile()}) {
                String name = profile instanceof OWL2DLProfile ? "DL" : "RL";
                for (OWLProfileViolation found : profile.checkOntology(ontology).getViolations()) {
                    String kind = found.getClass().getSimpleName();
                    out.println(name + "\t" + kind + "\t" + flat(found) + "\t" + flat(found.getAxiom()));
                }
            }
            int axioms = 0;
            for (OWLOntology one : manager.getOntologies()) {
                axioms += one.getLogicalAxiomCount();
            }
            out.println("read: " + manager.getOntologies().size() + " ontologies, " + axioms + " axioms");
        }
        out.flush();
    }

    static String flat(Object told) {
        return String.valueOf(told).replaceAll("\\s+", " ");
    }

    /** The catalog's relative entries, where there is a catalog. */
    static void readCatalog(OWLOntologyManager manager, File folder) throws Exception {
        File catalog = new File(folder, "catalog-v001.xml");
        if (!catalog.exists()) {
            return;
        }
        Matcher entry = Pattern.compile("<uri name=\"([^\"]+)\" uri=\"([^\"]+)\"/>").matcher(Files.readString(catalog.toPath()));
        while (entry.find()) {
            manager.addIRIMapper(new SimpleIRIMapper(IRI.create(entry.group(1)), IRI.create(new File(folder, entry.group(2)))));
        }
    }
}
